UPDATE versions SET outcome = displaced.outcome, set_aside_to = displaced.set_aside_to
FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS displaced (write_id, outcome, set_aside_to)
WHERE versions.tenant = $1 AND versions.write_id = displaced.write_id
