SELECT size, media_type, name, stored_at, wanted_at FROM blobs WHERE tenant = $1 AND sha256 = $2
