UPDATE uploads SET state = 'expired'
WHERE id = $1 AND state = 'open' AND expires_at <= $2
