SELECT records.tenant, records.id, versions.epoch, versions.version, versions.received_at
FROM records JOIN versions ON versions.key = records.version
WHERE records.fingerprint IS NULL
