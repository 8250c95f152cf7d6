UPDATE blobs SET wanted_at = $1 WHERE wanted_at < $1
