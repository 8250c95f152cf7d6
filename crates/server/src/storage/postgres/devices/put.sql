INSERT INTO devices (id, tenant, name, token_hash, enrolled_with, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, token_hash = excluded.token_hash, enrolled_with = excluded.enrolled_with, revoked_at = NULL
WHERE devices.tenant = excluded.tenant
