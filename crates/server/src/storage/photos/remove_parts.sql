DELETE FROM upload_parts WHERE upload = $1
