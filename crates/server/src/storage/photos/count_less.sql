UPDATE blobs SET wanted_at = CASE WHEN wanted_at + $1 < $2 THEN wanted_at + $1 ELSE $2 END
WHERE wanted_at < $2 AND NOT EXISTS (
    SELECT 1 FROM blob_references AS named WHERE named.tenant = blobs.tenant AND named.sha256 = blobs.sha256
)
