-- When a draft's texts were erased, and its cases with them. The rows stay, and their hashes.
ALTER TABLE draft ADD COLUMN erased_at BIGINT;
ALTER TABLE case_record ADD COLUMN erased_at BIGINT;
CREATE INDEX draft_age ON draft (workflow_id, staged_at) WHERE erased_at IS NULL;
CREATE INDEX verdict_draft ON verdict (draft_seq);
