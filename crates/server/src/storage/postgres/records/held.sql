SELECT
    record.id, version.write_id, version.device_id, version.epoch, version.version, version.seq,
    version.received_at,
    version.kind, version.yard_id, version.schema, version.state, version.state_reason,
    version.captured_at, version.zone, version.operator_id, version.body,
    CASE WHEN version.restores = version.write_id THEN version.base_epoch END,
    CASE WHEN version.restores = version.write_id THEN version.base_version END,
    version.filed_at, version.time_doubtful, version.draft
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT id, seq FROM records WHERE records.tenant = $1 AND records.id = wanted.id OFFSET 0
) AS record
CROSS JOIN LATERAL (
    SELECT * FROM versions WHERE versions.tenant = $1 AND versions.seq = record.seq OFFSET 0
) AS version
ORDER BY record.id
