SELECT tenants.key, tenants.id, blobs.sha256, blobs.size, blobs.media_type, blobs.name, blobs.stored_at, blobs.wanted_at
FROM blobs JOIN tenants ON tenants.key = blobs.tenant
WHERE blobs.wanted_at < $1 AND NOT EXISTS (
    SELECT 1 FROM blob_references AS named WHERE named.tenant = blobs.tenant AND named.sha256 = blobs.sha256
)
