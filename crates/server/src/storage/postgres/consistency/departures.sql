SELECT departure.record, departure.seq, version.epoch, version.version
FROM (
    SELECT record, seq FROM departures
    WHERE tenant = $1 AND scope = $2 AND seq > $3
    ORDER BY seq
    OFFSET 0
) AS departure
CROSS JOIN LATERAL (
    SELECT seq FROM records WHERE records.tenant = $1 AND records.id = departure.record OFFSET 0
) AS record
CROSS JOIN LATERAL (
    SELECT epoch, version FROM versions WHERE versions.tenant = $1 AND versions.seq = record.seq OFFSET 0
) AS version
ORDER BY departure.seq
LIMIT $4
