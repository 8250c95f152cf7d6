SELECT tenants.key, tenants.id, blobs.sha256, blobs.size, blobs.media_type, blobs.name, blobs.stored_at, blobs.wanted_at
FROM blobs JOIN tenants ON tenants.key = blobs.tenant
