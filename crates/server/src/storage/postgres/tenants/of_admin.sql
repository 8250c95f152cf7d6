SELECT tenants.key, tenants.id
FROM admin_tokens JOIN tenants ON tenants.key = admin_tokens.tenant
WHERE admin_tokens.token_hash = $1
