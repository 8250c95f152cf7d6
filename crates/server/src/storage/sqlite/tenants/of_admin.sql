SELECT tenants.key, tenants.id, admin_tokens.name, admin_tokens.expires_at, admin_tokens.revoked_at IS NOT NULL
FROM admin_tokens JOIN tenants ON tenants.key = admin_tokens.tenant
WHERE admin_tokens.token_hash = ?1
