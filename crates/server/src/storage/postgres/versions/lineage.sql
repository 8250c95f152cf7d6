SELECT record_id, epoch, version, write_id, base_epoch, base_version
FROM versions
WHERE tenant = $1 AND record_id = ANY ($2) AND seq IS NOT NULL
