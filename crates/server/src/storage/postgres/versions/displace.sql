-- What is merged leaves no body.
UPDATE versions
SET outcome = found.outcome, set_aside_to = found.set_aside_to, draft = false,
    merged_into = found.merged_into, body_digest = found.body_digest, mark = found.mark,
    body = CASE WHEN found.merged_into IS NULL THEN versions.body ELSE 'null' END
FROM (
    SELECT
        version.ctid AS at, displaced.outcome, displaced.set_aside_to,
        displaced.merged_into, displaced.body_digest, displaced.mark
    FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[])
        AS displaced (write_id, outcome, set_aside_to, merged_into, body_digest, mark)
    CROSS JOIN LATERAL (
        SELECT ctid FROM versions WHERE versions.tenant = $1 AND versions.write_id = displaced.write_id OFFSET 0
    ) AS version
) AS found
WHERE versions.ctid = found.at
