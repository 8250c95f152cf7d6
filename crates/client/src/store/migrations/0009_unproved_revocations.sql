-- Any refusal signed a device out before; nobody knows which were the office's. The server is asked again: what it says now
-- is believed only with a proof.
UPDATE settings SET value = json_set(value, '$.revoked', json('false'))
WHERE name = 'enrolment' AND json_extract(value, '$.revoked');
