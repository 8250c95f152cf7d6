UPDATE blobs SET wanted_at = $1 WHERE tenant = $2 AND sha256 = $3 AND wanted_at < $1
