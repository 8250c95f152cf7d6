UPDATE uploads SET state = 'stored', received = size, expires_at = $1 WHERE id = $2
