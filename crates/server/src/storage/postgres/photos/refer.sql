INSERT INTO blob_references (tenant, sha256, record_id)
SELECT $1, named.sha256, named.record_id FROM unnest($2::bytea[], $3::uuid[]) AS named (sha256, record_id)
ON CONFLICT (tenant, sha256, record_id) DO NOTHING
