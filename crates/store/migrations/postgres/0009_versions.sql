-- A revision of a version: the same decisions, another contact, address, runbook or name. The pack's files are its.
CREATE TABLE workflow_revision (
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    files       TEXT NOT NULL,
    changed     TEXT NOT NULL,
    applied_at  BIGINT NOT NULL,
    applied_by  TEXT NOT NULL,
    PRIMARY KEY (workflow_id, version, revision)
);
INSERT INTO workflow_revision (workflow_id, version, revision, files, changed, applied_at, applied_by)
SELECT workflow_id, version, 1, files, '[]', applied_at, applied_by FROM workflow_version;
ALTER TABLE workflow_version DROP COLUMN files;

-- Which revision of a version is in force, or was when the version last was.
ALTER TABLE workflow_version ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;

-- What came into force when: versions, revisions, and returns to earlier ones.
CREATE TABLE in_force (
    seq         BIGSERIAL PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT
);
INSERT INTO in_force (workflow_id, version, revision, at, actor)
SELECT workflow_id, version, 1, applied_at, applied_by FROM workflow_version ORDER BY workflow_id, version;
CREATE INDEX in_force_workflow ON in_force (workflow_id, seq);

-- The stages above internal whose gate a version has passed: by a promotion, or with its drafts at the stage. Until then
-- every one of its drafts there is reviewed.
CREATE TABLE earned (
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    at          BIGINT NOT NULL,
    report_hash TEXT,
    PRIMARY KEY (workflow_id, version, stage)
);
INSERT INTO earned (workflow_id, version, stage, at, report_hash)
SELECT workflow_id, version, to_stage, MIN(at), MIN(report_hash) FROM transition WHERE kind = 'promote'
GROUP BY workflow_id, version, to_stage;
