SELECT sha256 FROM blob_senders WHERE tenant = ?1 AND sha256 IN rarray(?2) AND device = ?3
