SELECT
    tenants.key, tenants.id, tenants.name, enrolment_codes.yards, enrolment_codes.expires_at, enrolment_codes.used_by,
    enrolment_codes.used_at, enrolment_codes.secret_hash
FROM enrolment_codes JOIN tenants ON tenants.key = enrolment_codes.tenant
WHERE enrolment_codes.code_hash = $1
FOR UPDATE OF enrolment_codes
