UPDATE records SET scope = moved.scope, seq = moved.seq
FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS moved (id, scope, seq)
WHERE records.tenant = $1 AND records.id = moved.id
