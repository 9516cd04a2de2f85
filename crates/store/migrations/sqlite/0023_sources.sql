-- A source's id is its workflow's own; the empty workflow is every one's.
CREATE TABLE source_kept (
    workflow_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    access      TEXT NOT NULL,
    hash        TEXT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (id, workflow_id)
);
INSERT INTO source_kept (workflow_id, id, title, text, access, hash, updated_at)
SELECT COALESCE(workflow_id, ''), id, title, text, access, hash, updated_at FROM source;
DROP TABLE source;
ALTER TABLE source_kept RENAME TO source;
