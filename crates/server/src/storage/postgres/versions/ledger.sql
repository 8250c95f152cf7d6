SELECT
    version.write_id, version.record_id, version.verdict,
    version.kind, version.yard_id, version.schema, version.state, version.state_reason,
    version.captured_at, version.zone, version.operator_id, version.body,
    version.merged_into, version.body_digest, version.mark
FROM unnest($2::uuid[]) AS wanted (write_id)
CROSS JOIN LATERAL (
    SELECT * FROM versions WHERE versions.tenant = $1 AND versions.write_id = wanted.write_id OFFSET 0
) AS version
