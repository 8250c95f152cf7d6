-- The file does not have the bytes that its name says: the disk has changed them. It is kept, and not sent.
ALTER TABLE photos ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0 CHECK (damaged IN (0, 1));
