UPDATE blob_senders SET is_named = TRUE WHERE tenant = ?1 AND sha256 IN rarray(?2) AND NOT is_named
