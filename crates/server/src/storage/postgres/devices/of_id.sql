SELECT
    devices.id, tenants.key, tenants.id, devices.name, devices.revoked_at IS NOT NULL, devices.last_seen_at,
    ARRAY(SELECT yard FROM device_yards WHERE device = devices.id ORDER BY yard)
FROM devices JOIN tenants ON tenants.key = devices.tenant
WHERE devices.id = $1
