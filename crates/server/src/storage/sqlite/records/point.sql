INSERT INTO records (tenant, id, yard_id, seq, version, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, id) DO UPDATE SET
    yard_id = excluded.yard_id, seq = excluded.seq, version = excluded.version, fingerprint = excluded.fingerprint
