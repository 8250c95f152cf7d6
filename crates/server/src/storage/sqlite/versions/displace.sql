-- What is merged leaves no body.
UPDATE versions
SET outcome = ?3, set_aside_to = ?4, draft = 0, merged_into = ?5, body_digest = ?6, mark = ?7,
    body = CASE WHEN ?5 IS NULL THEN body ELSE 'null' END
WHERE tenant = ?1 AND write_id = ?2
