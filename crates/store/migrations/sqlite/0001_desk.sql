CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE workflow (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    version       BIGINT NOT NULL,
    stage         TEXT NOT NULL,
    killed_at     BIGINT,
    killed_by     TEXT,
    killed_reason TEXT,
    kills         BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE workflow_version (
    workflow_id    TEXT NOT NULL REFERENCES workflow (id),
    version        BIGINT NOT NULL,
    hash           TEXT NOT NULL,
    guideline_hash TEXT NOT NULL,
    files          TEXT NOT NULL,
    seed           TEXT NOT NULL,
    applied_at     BIGINT NOT NULL,
    applied_by     TEXT NOT NULL,
    PRIMARY KEY (workflow_id, version)
);

CREATE TABLE transition (
    id          TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    kind        TEXT NOT NULL,
    from_stage  TEXT NOT NULL,
    to_stage    TEXT NOT NULL,
    version     BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          BIGINT NOT NULL
);

CREATE TABLE source (
    id          TEXT PRIMARY KEY,
    workflow_id TEXT,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    access      TEXT NOT NULL,
    hash        TEXT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE draft (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    workflow_id  TEXT NOT NULL REFERENCES workflow (id),
    version      BIGINT NOT NULL,
    stage        TEXT NOT NULL,
    external_id  TEXT NOT NULL,
    revision     TEXT NOT NULL,
    state        TEXT NOT NULL,
    subject      TEXT NOT NULL,
    customer     TEXT,
    marks        BIGINT NOT NULL,
    risk         BIGINT NOT NULL,
    probability  DOUBLE PRECISION NOT NULL,
    double_read  BIGINT NOT NULL,
    staged_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    fence        BIGINT NOT NULL DEFAULT 0,
    content_hash TEXT NOT NULL,
    checks       TEXT NOT NULL,
    body         TEXT NOT NULL,
    UNIQUE (workflow_id, external_id, revision)
);
CREATE INDEX draft_queue ON draft (workflow_id, expires_at, risk DESC, seq) WHERE state = 'staged';
CREATE INDEX draft_moved ON draft (workflow_id, state, seq) WHERE state <> 'staged';

CREATE TABLE draft_count (
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    state       TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, state)
);

CREATE TABLE citation (
    source_id TEXT NOT NULL,
    draft_seq BIGINT NOT NULL REFERENCES draft (seq),
    PRIMARY KEY (source_id, draft_seq)
);

CREATE TABLE lease (
    id          TEXT PRIMARY KEY,
    draft_seq   BIGINT NOT NULL REFERENCES draft (seq),
    workflow_id TEXT NOT NULL,
    round       BIGINT NOT NULL,
    reviewer    TEXT NOT NULL,
    fence       BIGINT NOT NULL,
    leased_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT,
    end_reason  TEXT
);
CREATE UNIQUE INDEX lease_one_holder ON lease (draft_seq, round) WHERE ended_at IS NULL;
CREATE INDEX lease_lapse ON lease (expires_at) WHERE ended_at IS NULL;
CREATE INDEX lease_reviewer ON lease (reviewer) WHERE ended_at IS NULL;

CREATE TABLE skip (
    reviewer  TEXT NOT NULL,
    draft_seq BIGINT NOT NULL REFERENCES draft (seq),
    at        BIGINT NOT NULL,
    PRIMARY KEY (reviewer, draft_seq)
);

CREATE TABLE second_review (
    draft_seq      BIGINT PRIMARY KEY REFERENCES draft (seq),
    workflow_id    TEXT NOT NULL,
    first_reviewer TEXT NOT NULL,
    expires_at     BIGINT NOT NULL,
    risk           BIGINT NOT NULL,
    state          TEXT NOT NULL
);
CREATE INDEX second_review_open ON second_review (workflow_id, expires_at, risk DESC, draft_seq) WHERE state = 'open';

CREATE TABLE verdict (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    draft_seq       BIGINT NOT NULL REFERENCES draft (seq),
    workflow_id     TEXT NOT NULL,
    version         BIGINT NOT NULL,
    stage           TEXT NOT NULL,
    round           BIGINT NOT NULL,
    reviewer        TEXT NOT NULL,
    lease_id        TEXT NOT NULL,
    action          TEXT NOT NULL,
    grade           TEXT,
    suggested_grade TEXT,
    edit_ratio      DOUBLE PRECISION,
    reasons         TEXT NOT NULL,
    comment         TEXT,
    final_text      TEXT,
    seconds         DOUBLE PRECISION NOT NULL,
    at              BIGINT NOT NULL,
    undo_until      BIGINT NOT NULL,
    digest          TEXT NOT NULL,
    withdrawn       BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX verdict_once ON verdict (draft_seq, round) WHERE withdrawn = 0;
CREATE INDEX verdict_reviewer ON verdict (reviewer, at);

CREATE TABLE withdrawal (
    verdict_id TEXT PRIMARY KEY,
    reviewer   TEXT NOT NULL,
    at         BIGINT NOT NULL
);

CREATE TABLE kept (
    verdict_id TEXT NOT NULL,
    draft_seq  BIGINT NOT NULL REFERENCES draft (seq),
    reviewer   TEXT NOT NULL,
    code       TEXT NOT NULL,
    action     TEXT NOT NULL,
    final_text TEXT,
    comment    TEXT,
    at         BIGINT NOT NULL,
    PRIMARY KEY (draft_seq, reviewer, verdict_id)
);

CREATE TABLE case_record (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    verdict_id  TEXT NOT NULL UNIQUE,
    draft_seq   BIGINT NOT NULL REFERENCES draft (seq),
    workflow_id TEXT NOT NULL,
    action      TEXT NOT NULL,
    grade       TEXT,
    reasons     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    withdrawn   BIGINT NOT NULL DEFAULT 0,
    record      TEXT NOT NULL
);
CREATE INDEX case_workflow ON case_record (workflow_id, seq);

CREATE TABLE evidence (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, version, stage, probability, outcome)
);

CREATE TABLE escalation (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    verdict_id  TEXT NOT NULL UNIQUE,
    draft_seq   BIGINT NOT NULL REFERENCES draft (seq),
    workflow_id TEXT NOT NULL,
    reasons     TEXT NOT NULL,
    comment     TEXT,
    route       TEXT NOT NULL,
    owner       TEXT,
    state       TEXT NOT NULL,
    opened_at   BIGINT NOT NULL,
    settled_at  BIGINT,
    note        TEXT
);
CREATE INDEX escalation_workflow ON escalation (workflow_id, state, seq);
CREATE INDEX escalation_draft ON escalation (draft_seq);

CREATE TABLE delivery (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    workflow_id   TEXT NOT NULL,
    draft_seq     BIGINT,
    ticket        TEXT NOT NULL,
    verdict_id    TEXT,
    kind          TEXT NOT NULL,
    body          TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    due_at        BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL DEFAULT 0,
    last_error    TEXT,
    created_at    BIGINT NOT NULL,
    delivered_at  BIGINT
);
CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'pending';
CREATE INDEX delivery_ticket ON delivery (workflow_id, ticket, seq) WHERE state = 'pending';
CREATE INDEX delivery_workflow ON delivery (workflow_id, state, seq);
CREATE INDEX delivery_draft ON delivery (draft_seq);

CREATE TABLE audit (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    act         TEXT NOT NULL,
    workflow_id TEXT,
    object      TEXT,
    detail      TEXT NOT NULL,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL
);

CREATE TABLE audit_head (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (one, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- An entry and the head move together, in one round trip.
CREATE TRIGGER audit_moves_head AFTER INSERT ON audit
BEGIN
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash WHERE one = 1;
END;

CREATE TABLE checkpoint (
    seq        BIGINT PRIMARY KEY,
    hash       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    public_key TEXT NOT NULL,
    signature  TEXT NOT NULL
);

CREATE TABLE token (
    id         TEXT PRIMARY KEY,
    subject    TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    grants     TEXT NOT NULL,
    routes     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE pull (
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    url         TEXT NOT NULL,
    cursor      TEXT,
    next_at     BIGINT NOT NULL,
    last_error  TEXT,
    PRIMARY KEY (workflow_id, url)
);
