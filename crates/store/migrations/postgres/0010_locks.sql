-- Whoever acts under a workflow holds its lock in share, whoever changes it holds it alone. A row's lock would let new
-- sharers pass a waiting change for as long as they keep coming; these locks queue.
--   1: a workflow, shared or alone    2: adding drafts to a workflow, one transaction at a time
CREATE FUNCTION hold_workflow(wanted TEXT, how TEXT) RETURNS SETOF workflow LANGUAGE plpgsql AS $$
BEGIN
    IF how = 'change' THEN
        PERFORM pg_advisory_xact_lock(1, hashtext(wanted));
    ELSE
        -- Before the share: else it would be held while waiting for the others who add.
        IF how = 'add' THEN
            PERFORM pg_advisory_xact_lock(2, hashtext(wanted));
        END IF;
        PERFORM pg_advisory_xact_lock_shared(1, hashtext(wanted));
    END IF;
    -- Each statement in here sees what was committed before it began: the row as it is under the lock.
    RETURN QUERY SELECT * FROM workflow WHERE id = wanted;
END
$$;
