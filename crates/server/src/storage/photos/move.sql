UPDATE blobs SET name = $1 WHERE tenant = $2 AND sha256 = $3 AND name = $4
