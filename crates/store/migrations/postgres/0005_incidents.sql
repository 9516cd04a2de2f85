-- Incidents: what happened, the runbook's steps as that version had them, and who ticked them off.
CREATE TABLE incident (
    seq           BIGSERIAL PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    workflow_id   TEXT NOT NULL REFERENCES workflow (id),
    number        BIGINT NOT NULL,
    title         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    version       BIGINT NOT NULL,
    stage         TEXT NOT NULL,
    transition_id TEXT,
    opened_at     BIGINT NOT NULL,
    opened_by     TEXT NOT NULL,
    closed_at     BIGINT,
    closed_by     TEXT,
    note          TEXT,
    note_at       BIGINT,
    note_by       TEXT,
    UNIQUE (workflow_id, number)
);
CREATE UNIQUE INDEX incident_one_open ON incident (workflow_id) WHERE state = 'open';

CREATE TABLE incident_step (
    incident_id TEXT NOT NULL REFERENCES incident (id),
    n           BIGINT NOT NULL,
    section     TEXT,
    text        TEXT NOT NULL,
    done_at     BIGINT,
    done_by     TEXT,
    PRIMARY KEY (incident_id, n)
);

CREATE TABLE incident_entry (
    seq         BIGSERIAL PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incident (id),
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    text        TEXT NOT NULL
);
CREATE INDEX incident_entry_incident ON incident_entry (incident_id, seq);

-- Kills of a workflow's shadow, tried out and measured.
CREATE TABLE drill (
    seq         BIGSERIAL PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    version     BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    at          BIGINT NOT NULL,
    effect_ms   DOUBLE PRECISION,
    commit_ms   DOUBLE PRECISION,
    ok          BIGINT NOT NULL,
    detail      TEXT NOT NULL
);
CREATE INDEX drill_workflow ON drill (workflow_id, seq);

-- Verdicts by five minutes, for as long as the failure budget's window reaches back.
CREATE TABLE slot (
    workflow_id TEXT NOT NULL,
    slot        BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, slot, probability, outcome)
);

-- What people are told of, and where that stands.
CREATE TABLE alert (
    seq         BIGSERIAL PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    workflow_id TEXT NOT NULL REFERENCES workflow (id),
    kind        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    rule        TEXT NOT NULL,
    incident_id TEXT,
    summary     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    state       TEXT NOT NULL,
    opened_at   BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE UNIQUE INDEX alert_one_firing ON alert (workflow_id, rule) WHERE state = 'firing' AND kind = 'budget';
CREATE INDEX alert_workflow ON alert (workflow_id, seq);

-- One message of an alert to one service.
CREATE TABLE alert_post (
    alert_id      TEXT NOT NULL REFERENCES alert (id),
    channel       TEXT NOT NULL,
    action        TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    due_at        BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL DEFAULT 0,
    last_error    TEXT,
    sent_at       BIGINT,
    PRIMARY KEY (alert_id, channel, action)
);
CREATE INDEX alert_post_due ON alert_post (due_at) WHERE state = 'pending';
