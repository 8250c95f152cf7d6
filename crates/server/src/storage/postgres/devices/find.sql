SELECT
    devices.id, tenants.key, tenants.id, devices.name, devices.revoked_at IS NOT NULL, devices.created_at,
    devices.last_seen_at
FROM devices JOIN tenants ON tenants.key = devices.tenant
WHERE devices.id = $1 OR devices.name = $2
ORDER BY devices.created_at, devices.id
