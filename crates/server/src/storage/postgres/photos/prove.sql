UPDATE blob_references AS named SET is_proved = true
FROM unnest($2::bytea[], $3::uuid[]) AS proved (sha256, record_id)
WHERE named.tenant = $1 AND named.sha256 = proved.sha256 AND named.record_id = proved.record_id
