INSERT INTO versions (
    tenant, write_id, record_id,
    kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
    device_id, base_epoch, base_version, restores, reason,
    verdict, outcome, set_aside_to, epoch, version, seq, received_at
)
SELECT $1, filed.*
FROM unnest(
    $2::uuid[], $3::uuid[],
    $4::text[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[], $12::text[],
    $13::uuid[], $14::bigint[], $15::bigint[], $16::uuid[], $17::text[],
    $18::text[], $19::text[], $20::uuid[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[]
) AS filed
