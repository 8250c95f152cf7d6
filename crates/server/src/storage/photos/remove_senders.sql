DELETE FROM blob_senders WHERE tenant = $1 AND sha256 = $2
