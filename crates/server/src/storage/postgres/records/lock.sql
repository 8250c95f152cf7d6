-- In the order of their ids, so that two pages never wait for each other. As strong a lock as the change of `seq` takes
-- later: raising a lock is another way to wait for each other.
SELECT id FROM records
WHERE tenant = $1 AND id = ANY ($2)
ORDER BY id
FOR UPDATE
