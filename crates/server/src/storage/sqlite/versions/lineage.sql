-- By record. The plus keeps the index of the feed out, which would have every version of the tenant read.
SELECT record_id, epoch, version, write_id, base_epoch, base_version
FROM versions
WHERE tenant = ?1 AND record_id IN rarray(?2) AND +seq IS NOT NULL
