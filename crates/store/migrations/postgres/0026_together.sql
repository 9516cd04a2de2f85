-- What nearly every transaction adds to (`settle`), and then the log's entries, in one round trip. The entries are a JSON
-- array of rows, chained to the entry whose hash is `after`. Where the log ends with another one by now, none is added,
-- and its head is answered, held.
CREATE FUNCTION settle_and_log(late JSONB, after TEXT, entries JSONB) RETURNS SETOF audit_head LANGUAGE plpgsql AS $$
DECLARE
    head audit_head;
BEGIN
    IF late <> '{}' THEN
        PERFORM * FROM settle(late);
    END IF;
    IF after IS NOT NULL THEN
        SELECT * INTO head FROM audit_head WHERE one = 1 FOR UPDATE;
        IF head.hash <> after THEN
            RETURN NEXT head;
        ELSE
            INSERT INTO audit (seq, at, actor, act, workflow_id, object, detail, prev_hash, hash)
            SELECT (r->>0)::BIGINT, (r->>1)::BIGINT, r->>2, r->>3, r->>4, r->>5, r->>6, r->>7, r->>8
            FROM jsonb_array_elements(entries) WITH ORDINALITY AS t(r, place) ORDER BY place;
        END IF;
    END IF;
END
$$;

-- What a reviewer gets next of a workflow, in one round trip: the workflow, held; its current version's revision; how
-- many drafts the reviewer holds; and the draft, held, that comes first of those that wait for a first review and, for
-- whoever may be asked for one (`blind`), a second one. What somebody else holds is passed by. Within a function each
-- statement sees what was committed before it began, so the queue is read as it is under the workflow's lock.
CREATE FUNCTION take_next(wanted TEXT, who TEXT, moment BIGINT, without JSONB, blind BOOLEAN)
RETURNS TABLE (workflow TEXT, revision BIGINT, leases BIGINT, round BIGINT, d draft) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    w workflow;
    second BIGINT;
    due BIGINT;
    risky BIGINT;
BEGIN
    SELECT * INTO w FROM hold_workflow(wanted, 'share');
    IF w.id IS NULL THEN
        RETURN;
    END IF;
    workflow := row_to_json(w)::TEXT;
    IF w.killed_at IS NULL THEN
        revision := (SELECT v.revision FROM workflow_version v WHERE v.workflow_id = w.id AND v.version = w.version);
        leases := (SELECT COUNT(*) FROM lease l WHERE l.reviewer = who AND l.ended_at IS NULL);
        SELECT f.* INTO d FROM draft f
        WHERE f.workflow_id = wanted AND f.state = 'staged' AND f.expires_at > moment
          AND f.id <> ALL (ARRAY(SELECT jsonb_array_elements_text(without)))
          AND (f.probe_for IS NULL OR f.probe_for = who)
          AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = who AND s.draft_seq = f.seq)
        ORDER BY f.expires_at, f.risk DESC, f.seq LIMIT 1 FOR UPDATE OF f SKIP LOCKED;
        round := CASE WHEN d.seq IS NOT NULL THEN 1 END;
        IF blind THEN
            SELECT r.draft_seq, r.expires_at, r.risk INTO second, due, risky
            FROM second_review r JOIN draft f ON f.seq = r.draft_seq
            WHERE r.workflow_id = wanted AND r.state = 'open' AND r.expires_at > moment AND r.first_reviewer <> who
              AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = who AND s.draft_seq = r.draft_seq)
            ORDER BY r.expires_at, r.risk DESC, r.draft_seq LIMIT 1 FOR UPDATE OF r, f SKIP LOCKED;
            IF second IS NOT NULL AND (round IS NULL OR (due, -risky, second) < (d.expires_at, -d.risk, d.seq)) THEN
                SELECT f.* INTO d FROM draft f WHERE f.seq = second;
                round := 2;
            END IF;
        END IF;
    END IF;
    RETURN NEXT;
END
$$;

-- A draft under its workflow, both held, with the lease that a verdict on it names, and whether that verdict is there.
CREATE FUNCTION take_draft(wanted TEXT, verdict_id TEXT, lease_id TEXT)
RETURNS TABLE (workflow TEXT, revision BIGINT, lease TEXT, again BOOLEAN, d draft) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    w workflow;
    l lease;
    place TEXT := (SELECT f.workflow_id FROM draft f WHERE f.id = wanted);
BEGIN
    SELECT * INTO w FROM hold_workflow(place, 'share');
    IF w.id IS NULL THEN
        RETURN;
    END IF;
    SELECT f.* INTO d FROM draft f WHERE f.id = wanted FOR UPDATE;
    IF d.id IS NULL THEN
        RETURN;
    END IF;
    SELECT h.* INTO l FROM lease h WHERE h.id = lease_id AND h.draft_seq = d.seq FOR UPDATE;
    workflow := row_to_json(w)::TEXT;
    lease := CASE WHEN l.id IS NOT NULL THEN row_to_json(l)::TEXT END;
    again := EXISTS (SELECT 1 FROM verdict v WHERE v.id = verdict_id);
    revision := (SELECT v.revision FROM workflow_version v WHERE v.workflow_id = w.id AND v.version = d.version);
    RETURN NEXT;
END
$$;
