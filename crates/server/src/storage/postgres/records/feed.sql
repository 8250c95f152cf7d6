-- What comes next in the scope, and then each one's version by its place: never the other way round, for most of what
-- was written since belongs to other scopes. OFFSET 0 keeps it in that order.
SELECT
    page.id, version.write_id, version.device_id, version.epoch, version.version, version.seq,
    version.received_at,
    version.kind, version.yard_id, version.schema, version.state, version.state_reason,
    version.captured_at, version.zone, version.operator_id, version.body,
    CASE WHEN version.restores = version.write_id THEN version.base_epoch END,
    CASE WHEN version.restores = version.write_id THEN version.base_version END,
    version.filed_at, version.time_doubtful, version.draft
FROM (
    SELECT id, seq FROM records
    WHERE tenant = $1 AND scope = $2 AND seq > $3
    ORDER BY seq
    LIMIT $4
) AS page
CROSS JOIN LATERAL (
    SELECT * FROM versions WHERE versions.tenant = $1 AND versions.seq = page.seq OFFSET 0
) AS version
ORDER BY page.seq
