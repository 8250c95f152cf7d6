SELECT sha256 FROM blob_senders WHERE tenant = $1 AND sha256 = ANY ($2) AND device = $3
