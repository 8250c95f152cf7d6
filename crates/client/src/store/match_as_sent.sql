UPDATE records
SET epoch = ?2, version = ?3, seq = ?4, received_at = ?5, mac = ?6, known_yard = yard_id, fingerprint = ?7,
    pending_sync = 0, withdraws = 0, rejection = NULL, shadow = NULL, shadow_epoch = NULL, shadow_version = NULL
WHERE id = ?1
