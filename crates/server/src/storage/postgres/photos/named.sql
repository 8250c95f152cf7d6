UPDATE blob_senders SET is_named = true WHERE tenant = $1 AND sha256 = ANY ($2) AND NOT is_named
