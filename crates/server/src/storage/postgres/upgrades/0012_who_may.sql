-- Tokens of the office end: at a time that is said when they are made, or when the office takes them back. Those of before
-- this was kept go on without an end, as they were given out.
ALTER TABLE admin_tokens ADD COLUMN made_at bigint;    -- Unix time in microseconds; NULL: not noted
ALTER TABLE admin_tokens ADD COLUMN expires_at bigint; -- NULL: never
ALTER TABLE admin_tokens ADD COLUMN revoked_at bigint;

-- Which devices have brought the bytes of a photo, whoever else had brought them before: a device may have what it brought.
-- Of uploads that were forgotten before this was kept nothing is known.
CREATE TABLE blob_senders (
    tenant   bigint NOT NULL REFERENCES tenants,
    sha256   bytea NOT NULL,
    device   uuid NOT NULL,
    size     bigint NOT NULL,
    is_named boolean NOT NULL,               -- whether a record names them
    PRIMARY KEY (sha256, device, tenant)
);
-- What counts towards what a device may bring that no record names; and what it has brought at all.
CREATE INDEX blob_senders_of_device ON blob_senders (device, is_named, size);
INSERT INTO blob_senders (tenant, sha256, device, size, is_named)
SELECT DISTINCT tenant, sha256, device, size, EXISTS (
    SELECT 1 FROM blob_references AS named WHERE named.tenant = uploads.tenant AND named.sha256 = uploads.sha256
)
FROM uploads WHERE state = 'stored';

-- Whether somebody who may have the bytes, or who brought them for that record, names them in it. Only then it gives those
-- who see the record a right to them. Of what was named before this was kept, that is taken to be so.
ALTER TABLE blob_references ADD COLUMN is_proved boolean NOT NULL DEFAULT true;
