UPDATE devices SET revoked_at = coalesce(revoked_at, $3)
WHERE id = $1 OR ($1::uuid IS NULL AND name = $2)
