-- Whose each write is, as it was known when it was judged. NULL in all three: it was filed before this was kept.
ALTER TABLE versions ADD COLUMN operator_name text;
ALTER TABLE versions ADD COLUMN device_name text; -- of the office's writes, the name of who wrote; empty: the server itself
ALTER TABLE versions ADD COLUMN authorship text;  -- proved | claimed | office | server; NULL beside names: not known
ALTER TABLE admin_tokens ADD COLUMN name text NOT NULL DEFAULT '';
