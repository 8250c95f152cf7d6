SELECT key, id FROM tenants
WHERE EXISTS (SELECT 1 FROM versions WHERE versions.tenant = tenants.key AND versions.write_id = $1)
