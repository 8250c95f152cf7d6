SELECT id, fingerprint, 0 FROM records
WHERE known_yard IS ?1 AND id BETWEEN ?2 AND ?3 AND fingerprint IS NOT NULL
UNION ALL
SELECT id, fingerprint, 1 FROM let_go WHERE yard_id IS ?1 AND id BETWEEN ?2 AND ?3
