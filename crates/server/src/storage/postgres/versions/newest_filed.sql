-- By each tenant's places in the feed, from behind: a look at few rows, whatever their number.
SELECT max(newest.filed_at)
FROM tenants
CROSS JOIN LATERAL (
    SELECT filed_at FROM versions
    WHERE versions.tenant = tenants.key AND versions.seq IS NOT NULL AND versions.filed_at IS NOT NULL
        AND NOT versions.time_doubtful AND versions.restores IS DISTINCT FROM versions.write_id
    ORDER BY versions.seq DESC
    LIMIT 1
) AS newest
