UPDATE uploads SET received = $1, expires_at = $2
WHERE id = $3 AND state = 'open' AND received = $4
