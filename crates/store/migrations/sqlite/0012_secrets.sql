-- Without a file of the operator's, a secret that a pack names is bound to that workflow and its hosts.
CREATE TABLE secret_binding (
    name TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    hosts TEXT NOT NULL,
    bound_at BIGINT NOT NULL,
    bound_by TEXT NOT NULL
);
