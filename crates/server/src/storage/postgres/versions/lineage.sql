SELECT
    version.record_id, version.epoch, version.version, version.write_id, version.base_epoch, version.base_version
FROM unnest($2::uuid[]) AS wanted (record_id)
CROSS JOIN LATERAL (
    SELECT * FROM versions
    WHERE versions.tenant = $1 AND versions.record_id = wanted.record_id AND versions.seq IS NOT NULL OFFSET 0
) AS version
