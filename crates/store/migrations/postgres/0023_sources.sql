-- A source's id is its workflow's own; the empty workflow is every one's.
UPDATE source SET workflow_id = '' WHERE workflow_id IS NULL;
ALTER TABLE source ALTER COLUMN workflow_id SET NOT NULL;
ALTER TABLE source DROP CONSTRAINT source_pkey;
ALTER TABLE source ADD PRIMARY KEY (id, workflow_id);
