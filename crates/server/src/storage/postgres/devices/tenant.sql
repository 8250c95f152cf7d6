SELECT tenants.key, tenants.id
FROM devices JOIN tenants ON tenants.key = devices.tenant
WHERE devices.id = $1
