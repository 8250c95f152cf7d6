SELECT id, fingerprint FROM records
WHERE tenant = ?1 AND yard_id IS ?2 AND id BETWEEN ?3 AND ?4
ORDER BY id
LIMIT ?5
