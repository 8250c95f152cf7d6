UPDATE records SET scope = moved.scope, seq = moved.seq, fingerprint = moved.fingerprint
FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[]) AS moved (id, scope, seq, fingerprint)
WHERE records.tenant = $1 AND records.id = moved.id
