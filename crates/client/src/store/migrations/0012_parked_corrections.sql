-- What it says is a correction whose report has left this device: it waits for that, and is not sent before somebody
-- submits it.
ALTER TABLE records ADD COLUMN parked INTEGER NOT NULL DEFAULT 0 CHECK (parked IN (0, 1));
