SELECT record_id, epoch, version, received_at, base_epoch, base_version
FROM versions
WHERE tenant = $1 AND record_id = ANY ($2) AND seq IS NOT NULL
