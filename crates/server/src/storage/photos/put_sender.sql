INSERT INTO blob_senders (tenant, sha256, device, size, is_named)
VALUES ($1, $2, $3, $4, EXISTS (SELECT 1 FROM blob_references WHERE tenant = $1 AND sha256 = $2))
ON CONFLICT (tenant, sha256, device) DO NOTHING
