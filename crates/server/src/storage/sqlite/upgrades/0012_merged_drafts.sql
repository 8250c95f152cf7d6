-- What one person enters on one device comes as many versions, each made on the one before. Only the last one's body is kept:
-- of the others there remains what tells a repeat from something else.
ALTER TABLE versions ADD COLUMN draft INTEGER NOT NULL DEFAULT 0 CHECK (draft IN (0, 1)); -- gives way to the next of its writer's
ALTER TABLE versions ADD COLUMN merged_into BLOB; -- the write that says what this one said; the body is null then
ALTER TABLE versions ADD COLUMN body_digest BLOB; -- of what the body said
ALTER TABLE versions ADD COLUMN mark BLOB;        -- the receipt's digest of the write with its body
