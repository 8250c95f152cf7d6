-- A device's open uploads are found by the device; the index by expiry alone would have those of all devices read.
DROP INDEX uploads_of_device;
CREATE INDEX uploads_of_device ON uploads (device, state, expires_at);
