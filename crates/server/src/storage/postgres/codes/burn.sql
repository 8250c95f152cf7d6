DELETE FROM enrolment_codes
WHERE used_by IN (SELECT id FROM devices WHERE id = $1 OR ($1::uuid IS NULL AND name = $2))
