INSERT INTO blob_senders (tenant, sha256, device, size, is_named)
SELECT tenant, sha256, $2, size, is_named FROM blob_senders WHERE device = $1
ON CONFLICT (tenant, sha256, device) DO NOTHING
