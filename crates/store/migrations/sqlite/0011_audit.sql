-- A text's hash stays when the text is deleted in time: what the log holds of its row covers the hash.
ALTER TABLE draft ADD COLUMN body_hash TEXT;
ALTER TABLE verdict ADD COLUMN text_hash TEXT;
ALTER TABLE case_record ADD COLUMN record_hash TEXT;
ALTER TABLE delivery ADD COLUMN body_hash TEXT;
ALTER TABLE settlement ADD COLUMN label_hash TEXT;

CREATE INDEX checkpoint_key ON checkpoint (public_key, seq);

-- The log from before says nothing of its rows: the hub writes into it, once, how they stand.
INSERT INTO meta (name, value) SELECT 'audit_baseline', 'due' WHERE EXISTS (SELECT 1 FROM audit);
