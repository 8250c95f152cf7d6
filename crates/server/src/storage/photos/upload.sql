SELECT id, device, sha256, size, media_type, record_id, metadata, received, state, expires_at
FROM uploads
WHERE tenant = $1 AND id = $2
