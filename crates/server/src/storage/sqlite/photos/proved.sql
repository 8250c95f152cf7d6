SELECT sha256, record_id FROM blob_references WHERE tenant = ?1 AND sha256 IN rarray(?2) AND is_proved
