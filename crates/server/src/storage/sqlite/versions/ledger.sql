SELECT
    write_id, record_id, verdict,
    kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
    merged_into, body_digest, mark
FROM versions
WHERE tenant = ?1 AND write_id IN rarray(?2)
