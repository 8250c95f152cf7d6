SELECT start, length, name FROM upload_parts WHERE upload = $1 ORDER BY start
