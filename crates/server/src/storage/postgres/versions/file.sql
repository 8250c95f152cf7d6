-- The arrays side by side in the list of columns: a FROM clause would keep a copy of the rows first.
INSERT INTO versions (
    tenant, write_id, record_id,
    kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
    device_id, base_epoch, base_version, restores, reason,
    verdict, outcome, set_aside_to, epoch, version, seq, received_at,
    filed_at, time_doubtful, operator_name, device_name, authorship,
    draft, merged_into, body_digest, mark
)
SELECT
    $1, unnest($2::uuid[]), unnest($3::uuid[]),
    unnest($4::text[]), unnest($5::uuid[]), unnest($6::bigint[]), unnest($7::text[]), unnest($8::text[]),
    unnest($9::text[]), unnest($10::text[]), unnest($11::uuid[]), unnest($12::text[]),
    unnest($13::uuid[]), unnest($14::bigint[]), unnest($15::bigint[]), unnest($16::uuid[]), unnest($17::text[]),
    unnest($18::text[]), unnest($19::text[]), unnest($20::uuid[]), unnest($21::bigint[]), unnest($22::bigint[]),
    unnest($23::bigint[]), unnest($24::bigint[]),
    unnest($25::bigint[]), unnest($26::boolean[]), unnest($27::text[]), unnest($28::text[]), unnest($29::text[]),
    unnest($30::boolean[]), unnest($31::uuid[]), unnest($32::bytea[]), unnest($33::bytea[])
