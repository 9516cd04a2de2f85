-- Lists of the log by what they ask for: without these, a rare object or act is looked for in the whole of it.
CREATE INDEX audit_object ON audit (object, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_act ON audit (act, seq);
CREATE INDEX audit_workflow ON audit (workflow_id, seq);
