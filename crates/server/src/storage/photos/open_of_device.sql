SELECT id, device, sha256, size, media_type, record_id, metadata, received, state, expires_at
FROM uploads
WHERE tenant = $1 AND device = $2 AND state = 'open' AND expires_at > $3
ORDER BY received DESC, id
