-- What can be claimed stands in an index of its own, in the order of its tries: a workflow's notices, replies that a
-- person decided, and replies that nobody saw (in 0007).
DROP INDEX delivery_due;
CREATE INDEX delivery_notice ON delivery (workflow_id, due_at) WHERE state = 'pending' AND draft_seq IS NULL;
CREATE INDEX delivery_decided ON delivery (workflow_id, due_at) WHERE state = 'pending' AND verdict_id IS NOT NULL;

-- Which hub makes the try that is running.
ALTER TABLE delivery ADD COLUMN claimed_by TEXT NOT NULL DEFAULT '';
CREATE INDEX delivery_claimed ON delivery (workflow_id, claimed_by) WHERE state = 'pending' AND claimed_until > 0;

-- Which hubs had stopped sending when a kill answered, as JSON.
ALTER TABLE transition ADD COLUMN hubs TEXT;

-- How many replies and notices wait is kept beside the drafts' states.
INSERT INTO draft_count (workflow_id, state, n)
SELECT d.workflow_id, 'reply', COUNT(*) FROM delivery d JOIN workflow w ON w.id = d.workflow_id
WHERE d.state = 'pending' AND d.draft_seq IS NOT NULL GROUP BY d.workflow_id;
INSERT INTO draft_count (workflow_id, state, n)
SELECT d.workflow_id, 'notice', COUNT(*) FROM delivery d JOIN workflow w ON w.id = d.workflow_id
WHERE d.state = 'pending' AND d.draft_seq IS NULL GROUP BY d.workflow_id;

-- After a resume, the replies up to a number are looked through for tickets that moved on meanwhile, a stretch at a time.
CREATE TABLE sweep (
    workflow_id TEXT PRIMARY KEY REFERENCES workflow (id),
    after_seq   BIGINT NOT NULL,
    upto_seq    BIGINT NOT NULL
);
