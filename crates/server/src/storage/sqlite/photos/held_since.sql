SELECT sha256, stored_at FROM blobs WHERE tenant = ?1 AND sha256 IN rarray(?2)
