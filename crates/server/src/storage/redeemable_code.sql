SELECT tenant, yards, tenants.name
FROM enrolment_codes JOIN tenants ON tenants.id = tenant
WHERE code_hash = ?1 AND expires_at > ?2 AND (used_by IS NULL OR used_by = ?3)
