SELECT id FROM devices
WHERE id = $1 OR ($1::uuid IS NULL AND name = $2)
ORDER BY id
FOR UPDATE
