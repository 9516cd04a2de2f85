-- Whether a draft was selected for review. Of what came in before, it shows in what became of it.
ALTER TABLE draft ADD COLUMN selected BIGINT NOT NULL DEFAULT 1;
UPDATE draft SET selected = 0 WHERE state = 'unreviewed'
    OR seq IN (SELECT draft_seq FROM delivery WHERE draft_seq IS NOT NULL AND verdict_id IS NULL);

-- A probe is a draft with a known fault, for one reviewer alone. It stands in their lists where the draft did whose
-- place it took.
ALTER TABLE draft ADD COLUMN probe TEXT;
ALTER TABLE draft ADD COLUMN probe_for TEXT;
ALTER TABLE draft ADD COLUMN probe_place BIGINT;
CREATE INDEX draft_probe ON draft (probe_for, workflow_id) WHERE probe IS NOT NULL;
CREATE TABLE probe_result (
    verdict_id  TEXT PRIMARY KEY,
    reviewer    TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    draft_seq   BIGINT NOT NULL REFERENCES draft (seq),
    caught      BIGINT NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX probe_result_reviewer ON probe_result (workflow_id, reviewer);
CREATE TABLE lease_count (
    reviewer    TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (reviewer, workflow_id)
);

-- The evidence key that a first verdict counts under now; whether it waits for a second person; how fast it was.
ALTER TABLE verdict ADD COLUMN counted TEXT;
ALTER TABLE verdict ADD COLUMN unconfirmed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verdict ADD COLUMN too_fast BIGINT NOT NULL DEFAULT 0;
CREATE INDEX verdict_too_fast ON verdict (workflow_id) WHERE too_fast = 1;

-- Pairs of verdicts on the same draft, both standing.
CREATE TABLE agreement (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    first       TEXT NOT NULL,
    second      TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, version, first, second)
);

CREATE TABLE settlement (
    seq            BIGSERIAL PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    draft_seq      BIGINT NOT NULL REFERENCES draft (seq),
    workflow_id    TEXT NOT NULL,
    first_verdict  TEXT NOT NULL,
    second_verdict TEXT NOT NULL,
    state          TEXT NOT NULL,
    opened_at      BIGINT NOT NULL,
    settled_at     BIGINT,
    settled_by     TEXT,
    outcome        TEXT,
    label          TEXT
);
CREATE UNIQUE INDEX settlement_draft ON settlement (draft_seq) WHERE state <> 'void';
CREATE INDEX settlement_workflow ON settlement (workflow_id, state, seq);

-- What came in each day, by risk: what a review budget is shared out by.
CREATE TABLE staged_by_risk (
    workflow_id TEXT NOT NULL,
    day         BIGINT NOT NULL,
    risk        BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, day, risk)
);
