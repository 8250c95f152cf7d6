-- The server would not take it when it was last offered: it is asked about again before any of it is sent, whichever
-- process asks.
ALTER TABLE photos ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1));
