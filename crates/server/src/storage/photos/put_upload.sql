INSERT INTO uploads (
    id, tenant, device, sha256, size, media_type, record_id, metadata, received, state, created_at, expires_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 'open', $9, $10)
