SELECT departures.record, departures.seq, versions.epoch, versions.version
FROM departures
JOIN records ON records.tenant = departures.tenant AND records.id = departures.record
JOIN versions ON versions.tenant = records.tenant AND versions.seq = records.seq
WHERE departures.tenant = $1 AND departures.scope = $2 AND departures.seq > $3
ORDER BY departures.seq
LIMIT $4
