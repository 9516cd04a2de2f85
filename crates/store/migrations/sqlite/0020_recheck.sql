-- Changed sources whose open drafts are still to be checked again: up to which draft that is done, and the how-manieth
-- change it is, so that a stretch that was read before the last one doesn't count.
CREATE TABLE source_recheck (
    source_id TEXT PRIMARY KEY,
    round     INTEGER NOT NULL,
    after_seq INTEGER NOT NULL
);

-- Lists that name no state, one state, or a customer each walk down an index.
CREATE INDEX draft_deadline ON draft (workflow_id, expires_at, risk DESC, seq);
CREATE INDEX draft_state ON draft (workflow_id, state, expires_at, risk DESC, seq) WHERE state <> 'staged';
CREATE INDEX draft_newest ON draft (workflow_id, seq);
CREATE INDEX draft_customer ON draft (workflow_id, customer, seq) WHERE customer IS NOT NULL;
