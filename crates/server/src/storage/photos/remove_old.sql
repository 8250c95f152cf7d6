DELETE FROM uploads WHERE state <> 'open' AND expires_at < $1
