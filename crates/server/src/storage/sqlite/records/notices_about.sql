SELECT DISTINCT json_extract(body, '$.record_id'), record_id
FROM versions
WHERE tenant = ?1 AND json_extract(body, '$.record_id') IN rarray(?2) AND kind = 'notice' AND version IS NOT NULL
