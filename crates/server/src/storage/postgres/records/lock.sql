-- In the order of their ids, so that two pages never wait for each other. As strong a lock as the change of `seq` takes
-- later: raising a lock is another way to wait for each other.
SELECT record.id
FROM (SELECT id FROM unnest($2::uuid[]) AS wanted (id) ORDER BY id) AS wanted
CROSS JOIN LATERAL (
    SELECT id FROM records WHERE records.tenant = $1 AND records.id = wanted.id FOR UPDATE
) AS record
