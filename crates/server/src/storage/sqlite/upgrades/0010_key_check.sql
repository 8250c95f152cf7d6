-- Tells the server's key from others without telling what it is. Null until a server with a key has opened the database.
ALTER TABLE server ADD COLUMN key_check BLOB;
