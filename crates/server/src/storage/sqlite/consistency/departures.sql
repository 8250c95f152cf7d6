SELECT departures.record, departures.seq, versions.epoch, versions.version
FROM departures
JOIN records ON records.tenant = departures.tenant AND records.id = departures.record
JOIN versions ON versions.key = records.version
WHERE departures.tenant = ?1 AND departures.yard_id = ?2 AND departures.seq > ?3
ORDER BY departures.seq
LIMIT ?4
