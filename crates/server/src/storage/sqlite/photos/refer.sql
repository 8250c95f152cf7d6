INSERT INTO blob_references (tenant, sha256, record_id, is_proved) VALUES (?1, ?2, ?3, FALSE)
ON CONFLICT (tenant, sha256, record_id) DO NOTHING
