-- By id, of which a range is asked for. The plus keeps the index of the feed out, which would have the whole yard read.
SELECT id, fingerprint FROM records
WHERE tenant = ?1 AND +yard_id IS ?2 AND id BETWEEN ?3 AND ?4
ORDER BY id
LIMIT ?5
