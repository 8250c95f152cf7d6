INSERT INTO devices (id, tenant, name, token_hash, enrolled_with, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
