-- The record that an attachment belongs to: when that comes back, its attachments are asked for.
ALTER TABLE let_go ADD COLUMN parent_id BLOB;
CREATE INDEX let_go_of_parent ON let_go (parent_id, id) WHERE parent_id IS NOT NULL;
