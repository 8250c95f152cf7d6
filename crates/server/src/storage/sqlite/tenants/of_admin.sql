SELECT tenants.key, tenants.id, admin_tokens.name
FROM admin_tokens JOIN tenants ON tenants.key = admin_tokens.tenant
WHERE admin_tokens.token_hash = ?1
