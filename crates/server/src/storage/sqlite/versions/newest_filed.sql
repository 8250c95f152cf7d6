SELECT filed_at FROM versions
WHERE filed_at IS NOT NULL AND NOT time_doubtful AND restores IS NOT write_id
ORDER BY key DESC
LIMIT 1
