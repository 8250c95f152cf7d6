DELETE FROM blobs
WHERE tenant = $1 AND sha256 = $2 AND name = $3 AND wanted_at < $4 AND NOT EXISTS (
    SELECT 1 FROM blob_references AS named WHERE named.tenant = blobs.tenant AND named.sha256 = blobs.sha256
)
