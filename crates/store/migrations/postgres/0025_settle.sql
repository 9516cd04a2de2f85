-- What nearly every transaction adds to, in one round trip, and always in this order: others wait for these rows until
-- the transaction is over. Each part is a JSON array of rows. Answers the log's head, held, where entries follow.
CREATE FUNCTION settle(late JSONB) RETURNS SETOF audit_head LANGUAGE plpgsql AS $$
BEGIN
    IF late ? 'counts' THEN
        INSERT INTO draft_count (workflow_id, state, n)
        SELECT r->>0, r->>1, (r->>2)::BIGINT FROM jsonb_array_elements(late->'counts') r
        ON CONFLICT (workflow_id, state) DO UPDATE SET n = draft_count.n + excluded.n;
    END IF;
    IF late ? 'hours' THEN
        INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
        SELECT r->>0, (r->>1)::BIGINT, r->>2, (r->>3)::DOUBLE PRECISION, (r->>4)::DOUBLE PRECISION, r->>5,
               (r->>6)::BIGINT, (r->>7)::BIGINT
        FROM jsonb_array_elements(late->'hours') r
        ON CONFLICT (workflow_id, version, stage, probability, floor, outcome, hour) DO UPDATE SET n = evidence.n + excluded.n;
    END IF;
    IF late ? 'slots' THEN
        INSERT INTO slot (workflow_id, slot, version, stage, probability, outcome, n)
        SELECT r->>0, (r->>1)::BIGINT, (r->>2)::BIGINT, r->>3, (r->>4)::DOUBLE PRECISION, r->>5, (r->>6)::BIGINT
        FROM jsonb_array_elements(late->'slots') r
        ON CONFLICT (workflow_id, slot, version, stage, probability, outcome) DO UPDATE SET n = slot.n + excluded.n;
    END IF;
    IF late ? 'days' THEN
        INSERT INTO decided_by_day (workflow_id, day, version, stage, probability, outcome, n)
        SELECT r->>0, (r->>1)::BIGINT, (r->>2)::BIGINT, r->>3, (r->>4)::DOUBLE PRECISION, r->>5, (r->>6)::BIGINT
        FROM jsonb_array_elements(late->'days') r
        ON CONFLICT (workflow_id, day, version, stage, probability, outcome) DO UPDATE SET n = decided_by_day.n + excluded.n;
    END IF;
    IF late ? 'pairs' THEN
        INSERT INTO agreement (workflow_id, version, first, second, n)
        SELECT r->>0, (r->>1)::BIGINT, r->>2, r->>3, (r->>4)::BIGINT FROM jsonb_array_elements(late->'pairs') r
        ON CONFLICT (workflow_id, version, first, second) DO UPDATE SET n = agreement.n + excluded.n;
    END IF;
    IF late ? 'volumes' THEN
        INSERT INTO staged_by_risk (workflow_id, day, risk, n)
        SELECT r->>0, (r->>1)::BIGINT, (r->>2)::BIGINT, (r->>3)::BIGINT FROM jsonb_array_elements(late->'volumes') r
        ON CONFLICT (workflow_id, day, risk) DO UPDATE SET n = staged_by_risk.n + excluded.n;
    END IF;
    IF late ? 'entries' THEN
        RETURN QUERY SELECT * FROM audit_head WHERE one = 1 FOR UPDATE;
    END IF;
END
$$;
