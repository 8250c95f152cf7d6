INSERT INTO upload_parts (upload, start, length, name) VALUES ($1, $2, $3, $4)
