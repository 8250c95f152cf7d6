-- A record's page asks for its attachments at each change.
CREATE INDEX attachments_of_record ON records (body ->> '$.parent_id') WHERE kind = 'attachment';
