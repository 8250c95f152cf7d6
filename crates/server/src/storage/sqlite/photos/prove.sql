UPDATE blob_references SET is_proved = TRUE WHERE tenant = ?1 AND sha256 = ?2 AND record_id = ?3
