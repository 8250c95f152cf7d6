SELECT
    records.id, versions.write_id, versions.device_id, versions.epoch, versions.version, versions.seq,
    versions.received_at,
    versions.kind, versions.yard_id, versions.schema, versions.state, versions.state_reason,
    versions.captured_at, versions.zone, versions.operator_id, versions.body,
    coalesce(versions.restores = versions.write_id, false)
FROM records JOIN versions ON versions.tenant = records.tenant AND versions.seq = records.seq
WHERE records.tenant = $1 AND records.id = ANY ($2)
ORDER BY records.id
