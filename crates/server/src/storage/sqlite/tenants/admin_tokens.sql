SELECT token_hash, name, made_at, expires_at, revoked_at FROM admin_tokens
WHERE tenant = ?1
ORDER BY made_at, token_hash
