-- The server would not take it when it was last offered: it is asked about again before any of it is sent, whichever
-- process asks.
ALTER TABLE photos ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1));
-- Asked before it was let go, the server did not have what the records say it has: this may be the last there is of it.
ALTER TABLE photos ADD COLUMN denied INTEGER NOT NULL DEFAULT 0 CHECK (denied IN (0, 1));
