INSERT INTO records (tenant, id, scope, seq, fingerprint)
SELECT $1, unnest($2::uuid[]), unnest($3::uuid[]), unnest($4::bigint[]), unnest($5::bigint[])
