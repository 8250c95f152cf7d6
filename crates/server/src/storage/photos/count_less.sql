UPDATE blobs SET wanted_at = CASE WHEN wanted_at + $1 < $2 THEN wanted_at + $1 ELSE $2 END
WHERE wanted_at < $2
