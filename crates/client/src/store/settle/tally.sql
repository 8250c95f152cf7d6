SELECT count(*), coalesce(sum(fingerprint & 0xffffffff), 0), coalesce(sum((fingerprint >> 32) & 0xffffffff), 0)
FROM (
    SELECT fingerprint FROM records
    WHERE known_yard IS ?1 AND id BETWEEN ?2 AND ?3 AND fingerprint IS NOT NULL
    UNION ALL
    SELECT fingerprint FROM let_go WHERE yard_id IS ?1 AND id BETWEEN ?2 AND ?3
)
