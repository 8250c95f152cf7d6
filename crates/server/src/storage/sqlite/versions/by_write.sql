SELECT
    write_id, record_id, device_id, verdict, outcome, set_aside_to, version, restores, reason, received_at,
    kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
    filed_at, time_doubtful, operator_name, device_name, authorship, base_epoch, base_version,
    merged_into, body_digest, mark
FROM versions
WHERE tenant = ?1 AND write_id = ?2
