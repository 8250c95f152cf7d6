DELETE FROM enrolment_codes
WHERE code_hash IN (SELECT enrolled_with FROM devices WHERE id = $1 OR ($1::uuid IS NULL AND name = $2))
