DELETE FROM blobs WHERE tenant = $1 AND sha256 = $2 AND name = $3
