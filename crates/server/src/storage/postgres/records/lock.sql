-- In the order of their ids, so that two pages never wait for each other.
SELECT id FROM records
WHERE tenant = $1 AND id = ANY ($2)
ORDER BY id
FOR NO KEY UPDATE
