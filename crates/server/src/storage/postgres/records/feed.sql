SELECT
    records.id, versions.write_id, versions.device_id, versions.epoch, versions.version, versions.seq,
    versions.received_at,
    versions.kind, versions.yard_id, versions.schema, versions.state, versions.state_reason,
    versions.captured_at, versions.zone, versions.operator_id, versions.body
FROM records JOIN versions ON versions.tenant = records.tenant AND versions.seq = records.seq
-- The second bound says nothing new, but lets the database begin there in both tables.
WHERE records.tenant = $1 AND records.scope = $2 AND records.seq > $3 AND versions.seq > $3
ORDER BY records.seq
LIMIT $4
