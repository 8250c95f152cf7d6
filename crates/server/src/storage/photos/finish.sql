UPDATE uploads SET state = 'stored', expires_at = $1 WHERE id = $2
