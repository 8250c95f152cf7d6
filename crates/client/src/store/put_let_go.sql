INSERT INTO let_go (id, yard_id, fingerprint, parent_id, is_reference) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET yard_id = ?2, fingerprint = ?3, parent_id = ?4, is_reference = ?5
