UPDATE records SET scope = found.scope, seq = found.seq, fingerprint = found.fingerprint
FROM (
    SELECT record.ctid AS at, moved.scope, moved.seq, moved.fingerprint
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[]) AS moved (id, scope, seq, fingerprint)
    CROSS JOIN LATERAL (
        SELECT ctid FROM records WHERE records.tenant = $1 AND records.id = moved.id OFFSET 0
    ) AS record
) AS found
WHERE records.ctid = found.at
