-- Counts by the hour in which a draft was staged and by the floor: the lowest review rate in force for its version and
-- stage until then. What is counted by the day of the decision has a table of its own.

-- An escalation counts under all its reasons. Verdicts from before the key was kept get it too.
CREATE TABLE verdict_key AS
SELECT v.id, CASE v.action
    WHEN 'edit' THEN 'edit.' || v.grade
    WHEN 'escalate' THEN 'escalate:' || (SELECT string_agg(value, '+' ORDER BY value COLLATE "C") FROM jsonb_array_elements_text(CAST(v.reasons AS jsonb)) AS codes (value))
    ELSE v.action END AS key
FROM verdict v JOIN draft d ON d.seq = v.draft_seq
WHERE v.round = 1 AND d.probe IS NULL AND (v.counted IS NULL OR (v.action = 'escalate' AND jsonb_array_length(CAST(v.reasons AS jsonb)) > 1));
CREATE UNIQUE INDEX verdict_key_id ON verdict_key (id);
UPDATE settlement SET outcome = 'escalate:' || (SELECT string_agg(value, '+' ORDER BY value COLLATE "C")
    FROM jsonb_array_elements_text(CAST(settlement.label AS jsonb) -> 'reasons') AS codes (value))
WHERE state = 'settled' AND outcome LIKE 'escalate:%' AND jsonb_array_length(CAST(label AS jsonb) -> 'reasons') > 1;
UPDATE verdict SET counted = CASE WHEN counted LIKE 'unconfirmed.%' THEN 'unconfirmed.' ELSE '' END
    || (SELECT key FROM verdict_key k WHERE k.id = verdict.id)
WHERE id IN (SELECT id FROM verdict_key);
UPDATE verdict SET counted = (SELECT outcome FROM settlement s WHERE s.first_verdict = verdict.id AND s.state = 'settled')
WHERE id IN (SELECT first_verdict FROM settlement WHERE state = 'settled');
DROP TABLE verdict_key;

-- The floors of drafts from before are those of their day.
CREATE TABLE floor_of_day AS
SELECT workflow_id, version, stage, day, MIN(least) OVER (PARTITION BY workflow_id, version, stage ORDER BY day) AS floor
FROM (SELECT workflow_id, version, stage, staged_at / 86400000 AS day, MIN(probability) AS least
      FROM draft WHERE probe IS NULL GROUP BY 1, 2, 3, 4) days;
CREATE UNIQUE INDEX floor_of_day_key ON floor_of_day (workflow_id, version, stage, day);
ALTER TABLE draft ADD COLUMN floor DOUBLE PRECISION NOT NULL DEFAULT 1;
UPDATE draft SET floor = (SELECT f.floor FROM floor_of_day f WHERE f.workflow_id = draft.workflow_id
    AND f.version = draft.version AND f.stage = draft.stage AND f.day <= draft.staged_at / 86400000 ORDER BY f.day DESC LIMIT 1)
WHERE EXISTS (SELECT 1 FROM floor_of_day f WHERE f.workflow_id = draft.workflow_id
    AND f.version = draft.version AND f.stage = draft.stage AND f.day <= draft.staged_at / 86400000 AND f.floor < 1);

-- The lowest rate in force so far.
CREATE TABLE rate_floor (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    floor       DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (workflow_id, version, stage)
);
INSERT INTO rate_floor (workflow_id, version, stage, floor)
SELECT workflow_id, version, stage, MIN(floor) FROM floor_of_day GROUP BY 1, 2, 3;

ALTER TABLE evidence RENAME TO evidence_by_day;
CREATE TABLE evidence (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    floor       DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    hour        BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, version, stage, probability, floor, outcome, hour)
);
INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
SELECT workflow_id, version, stage, probability, floor, outcome, hour, COUNT(*) FROM (
    SELECT workflow_id, version, stage, probability, floor, 'staged' AS outcome, staged_at / 3600000 AS hour
    FROM draft WHERE probe IS NULL AND workflow_id NOT LIKE '~%'
    UNION ALL
    SELECT workflow_id, version, stage, probability, floor,
           CASE WHEN selected = 0 THEN 'unreviewed' ELSE state END, staged_at / 3600000
    FROM draft WHERE probe IS NULL AND workflow_id NOT LIKE '~%' AND (selected = 0 OR state IN ('expired', 'superseded'))
    UNION ALL
    SELECT d.workflow_id, d.version, d.stage, d.probability, d.floor, v.counted, d.staged_at / 3600000
    FROM verdict v JOIN draft d ON d.seq = v.draft_seq
    WHERE v.round = 1 AND v.withdrawn = 0 AND d.probe IS NULL AND d.rescued = 0 AND d.workflow_id NOT LIKE '~%'
) facts GROUP BY 1, 2, 3, 4, 5, 6, 7;
-- What drafts cost stays with the day.
INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
SELECT e.workflow_id, e.version, e.stage, e.probability, COALESCE(
    (SELECT f.floor FROM floor_of_day f WHERE f.workflow_id = e.workflow_id AND f.version = e.version AND f.stage = e.stage
     AND f.day <= e.day ORDER BY f.day DESC LIMIT 1), e.probability), e.outcome, e.day * 24, e.n
FROM evidence_by_day e WHERE e.outcome IN ('costed', 'cost_micro_usd');
DROP TABLE evidence_by_day;
DROP TABLE floor_of_day;

CREATE TABLE decided_by_day (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    day         BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, day, version, stage, probability, outcome)
);
INSERT INTO decided_by_day (workflow_id, version, stage, probability, outcome, day, n)
SELECT workflow_id, version, stage, probability, outcome, day, COUNT(*) FROM (
    SELECT d.workflow_id, d.version, d.stage, d.probability, v.counted AS outcome, v.at / 86400000 AS day
    FROM verdict v JOIN draft d ON d.seq = v.draft_seq
    WHERE v.round = 1 AND v.withdrawn = 0 AND d.probe IS NULL AND d.rescued = 0 AND d.workflow_id NOT LIKE '~%'
    UNION ALL
    SELECT workflow_id, version, stage, probability, 'expired', expires_at / 86400000
    FROM draft WHERE state = 'expired' AND probe IS NULL AND rescued = 0 AND workflow_id NOT LIKE '~%'
    UNION ALL
    SELECT workflow_id, version, stage, probability, 'superseded', COALESCE((SELECT MIN(n.staged_at) FROM draft n
        WHERE n.workflow_id = d.workflow_id AND n.external_id = d.external_id AND n.seq > d.seq AND n.probe IS NULL),
        d.staged_at) / 86400000
    FROM draft d WHERE state = 'superseded' AND probe IS NULL AND rescued = 0 AND workflow_id NOT LIKE '~%'
) facts GROUP BY 1, 2, 3, 4, 5, 6;

-- Expired drafts that can still be judged for their label.
CREATE INDEX draft_expired ON draft (workflow_id, version, stage, seq) WHERE state = 'expired';

-- Verdicts by five minutes say which version and stage they are of.
ALTER TABLE slot RENAME TO slot_of_workflow;
CREATE TABLE slot (
    workflow_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    slot        BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    outcome     TEXT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, slot, version, stage, probability, outcome)
);
INSERT INTO slot (workflow_id, version, stage, slot, probability, outcome, n)
SELECT d.workflow_id, d.version, d.stage, v.at / 300000, d.probability, v.counted, COUNT(*)
FROM verdict v JOIN draft d ON d.seq = v.draft_seq
WHERE v.round = 1 AND v.withdrawn = 0 AND d.probe IS NULL AND d.rescued = 0 AND v.counted NOT LIKE 'unconfirmed.%'
    AND v.at / 300000 >= (SELECT MIN(s.slot) FROM slot_of_workflow s WHERE s.workflow_id = d.workflow_id)
GROUP BY 1, 2, 3, 4, 5, 6;
DROP TABLE slot_of_workflow;

-- A second review that ran out while the first verdict doesn't count without it is open again.
UPDATE second_review SET state = 'open' WHERE state = 'done'
    AND EXISTS (SELECT 1 FROM verdict v WHERE v.draft_seq = second_review.draft_seq AND v.round = 1 AND v.withdrawn = 0
                AND v.counted LIKE 'unconfirmed.%')
    AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.draft_seq = second_review.draft_seq AND v.round = 2 AND v.withdrawn = 0);
