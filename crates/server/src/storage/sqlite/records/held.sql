SELECT
    records.id, versions.write_id, versions.device_id, versions.epoch, versions.version, versions.seq,
    versions.received_at,
    versions.kind, versions.yard_id, versions.schema, versions.state, versions.state_reason,
    versions.captured_at, versions.zone, versions.operator_id, versions.body,
    CASE WHEN versions.restores IS versions.write_id THEN versions.base_epoch END,
    CASE WHEN versions.restores IS versions.write_id THEN versions.base_version END,
    versions.filed_at, versions.time_doubtful, versions.draft
FROM records JOIN versions ON versions.key = records.version
WHERE records.tenant = ?1 AND records.id IN rarray(?2)
ORDER BY records.id
