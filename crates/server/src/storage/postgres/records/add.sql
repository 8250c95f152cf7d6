INSERT INTO records (tenant, id, scope, seq)
SELECT $1, added.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS added
