INSERT INTO records (tenant, id, scope, seq, fingerprint)
SELECT $1, added.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[]) AS added
