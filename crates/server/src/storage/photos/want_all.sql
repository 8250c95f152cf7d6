UPDATE blobs SET wanted_at = $1
WHERE wanted_at < $1 AND NOT EXISTS (
    SELECT 1 FROM blob_references AS named WHERE named.tenant = blobs.tenant AND named.sha256 = blobs.sha256
)
