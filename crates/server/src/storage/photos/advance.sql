UPDATE uploads SET received = ?3, expires_at = ?4
WHERE id = ?1 AND state = 'open' AND received = ?2
