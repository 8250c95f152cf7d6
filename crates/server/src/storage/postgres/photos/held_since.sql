SELECT blob.sha256, blob.stored_at
FROM unnest($2::bytea[]) AS wanted (sha256)
CROSS JOIN LATERAL (
    SELECT sha256, stored_at FROM blobs WHERE blobs.tenant = $1 AND blobs.sha256 = wanted.sha256 OFFSET 0
) AS blob
