INSERT INTO blob_references (tenant, sha256, record_id) VALUES (?1, ?2, ?3)
ON CONFLICT (tenant, sha256, record_id) DO NOTHING
