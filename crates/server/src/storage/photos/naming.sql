SELECT record_id FROM blob_references WHERE tenant = $1 AND sha256 = $2 ORDER BY record_id
