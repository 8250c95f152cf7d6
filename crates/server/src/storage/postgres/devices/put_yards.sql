WITH gone AS (DELETE FROM device_yards WHERE device = $1 AND yard <> ALL ($2))
INSERT INTO device_yards (device, yard) SELECT $1, yard FROM unnest($2::uuid[]) AS yard
ON CONFLICT DO NOTHING
