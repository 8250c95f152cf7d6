SELECT tenants.key, tenants.id, tenants.name, enrolment_codes.yards
FROM enrolment_codes JOIN tenants ON tenants.key = enrolment_codes.tenant
WHERE enrolment_codes.code_hash = $1
    AND (enrolment_codes.used_by IS NULL OR enrolment_codes.used_by = $2)
    AND enrolment_codes.expires_at > $3
FOR UPDATE OF enrolment_codes
