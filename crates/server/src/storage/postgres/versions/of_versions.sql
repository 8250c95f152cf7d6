SELECT
    version.write_id, version.record_id, version.device_id, version.verdict, version.outcome, version.set_aside_to,
    version.version, version.restores, version.reason, version.received_at,
    version.kind, version.yard_id, version.schema, version.state, version.state_reason,
    version.captured_at, version.zone, version.operator_id, version.body,
    version.filed_at, version.time_doubtful, version.operator_name, version.device_name, version.authorship,
    version.base_epoch, version.base_version, version.merged_into, version.body_digest, version.mark
FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS wanted (record_id, epoch, version)
CROSS JOIN LATERAL (
    SELECT * FROM versions
    WHERE versions.tenant = $1 AND versions.record_id = wanted.record_id
        AND versions.epoch = wanted.epoch AND versions.version = wanted.version
    OFFSET 0
) AS version
