-- Hubs that run over this database, by their last sign of life.
CREATE TABLE hub (
    id      TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

-- How a kill reached those it has to reach, as each hub saw it.
CREATE TABLE effect (
    transition_id TEXT NOT NULL REFERENCES transition (id),
    hub_id        TEXT NOT NULL,
    at_origin     BIGINT NOT NULL,
    learned_ms    DOUBLE PRECISION,
    clients       BIGINT NOT NULL,
    clients_off   BIGINT NOT NULL,
    clients_ms    DOUBLE PRECISION,
    consoles      BIGINT NOT NULL,
    consoles_told BIGINT NOT NULL,
    consoles_ms   DOUBLE PRECISION,
    PRIMARY KEY (transition_id, hub_id)
);

ALTER TABLE transition ADD COLUMN commit_ms DOUBLE PRECISION;
