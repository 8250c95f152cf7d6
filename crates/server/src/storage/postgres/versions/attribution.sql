SELECT version.write_id, version.operator_name, version.device_name, version.authorship
FROM unnest($2::uuid[]) AS wanted (write_id)
CROSS JOIN LATERAL (
    SELECT * FROM versions WHERE versions.tenant = $1 AND versions.write_id = wanted.write_id OFFSET 0
) AS version
