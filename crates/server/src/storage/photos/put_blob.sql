INSERT INTO blobs (tenant, sha256, size, media_type, name, stored_at, wanted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, sha256) DO NOTHING
