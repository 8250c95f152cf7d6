SELECT DISTINCT wanted.id, notice.record_id
FROM unnest($2::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT versions.record_id FROM versions
    WHERE versions.tenant = $1 AND (versions.body::json ->> 'record_id') = wanted.id::text
        AND versions.kind = 'notice' AND versions.version IS NOT NULL
    OFFSET 0
) AS notice
