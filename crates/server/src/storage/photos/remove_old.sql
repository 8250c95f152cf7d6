DELETE FROM uploads WHERE state IN ('stored', 'expired') AND expires_at < $1
