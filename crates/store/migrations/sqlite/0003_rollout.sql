-- Since when a workflow is at its stage, and what its evidence there was when it came.
ALTER TABLE workflow ADD COLUMN stage_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workflow ADD COLUMN baseline TEXT NOT NULL DEFAULT '[]';
UPDATE workflow SET stage_since = COALESCE(
    (SELECT MAX(at) FROM transition WHERE transition.workflow_id = workflow.id AND kind = 'resume'),
    (SELECT MIN(applied_at) FROM workflow_version WHERE workflow_version.workflow_id = workflow.id),
    0
);

-- The frozen report that a promotion rested on, and who signed it second.
ALTER TABLE transition ADD COLUMN report_hash TEXT;
ALTER TABLE transition ADD COLUMN second_signer TEXT;

CREATE TABLE gate_report (
    hash        TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    status      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    report      TEXT NOT NULL
);
CREATE INDEX gate_report_workflow ON gate_report (workflow_id, at);

-- A promotion that waits for its second signature.
CREATE TABLE signature (
    workflow_id TEXT PRIMARY KEY REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    from_stage  TEXT NOT NULL,
    to_stage    TEXT NOT NULL,
    report_hash TEXT NOT NULL,
    signer      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          BIGINT NOT NULL
);

CREATE TABLE eval_result (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    workflow_id  TEXT NOT NULL REFERENCES workflow (id),
    version      BIGINT NOT NULL,
    suite        TEXT NOT NULL,
    dataset_hash TEXT NOT NULL,
    green        BIGINT NOT NULL,
    scores       TEXT NOT NULL,
    report_url   TEXT,
    posted_by    TEXT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX eval_result_latest ON eval_result (workflow_id, seq);
