UPDATE versions SET outcome = found.outcome, set_aside_to = found.set_aside_to
FROM (
    SELECT version.ctid AS at, displaced.outcome, displaced.set_aside_to
    FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS displaced (write_id, outcome, set_aside_to)
    CROSS JOIN LATERAL (
        SELECT ctid FROM versions WHERE versions.tenant = $1 AND versions.write_id = displaced.write_id OFFSET 0
    ) AS version
) AS found
WHERE versions.ctid = found.at
