-- Evidence by day. What was counted before stands on day 0.
ALTER TABLE evidence RENAME TO evidence_whole;
CREATE TABLE evidence (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    day         BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, version, stage, probability, outcome, day)
);
INSERT INTO evidence (workflow_id, version, stage, probability, outcome, day, n)
SELECT workflow_id, version, stage, probability, outcome, 0, n FROM evidence_whole;
DROP TABLE evidence_whole;

-- What a kill came to.
ALTER TABLE transition ADD COLUMN effect_ms DOUBLE PRECISION;
ALTER TABLE transition ADD COLUMN frozen BIGINT;
CREATE INDEX transition_workflow ON transition (workflow_id, at);
