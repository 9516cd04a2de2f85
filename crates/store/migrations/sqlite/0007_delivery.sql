-- A reply that nobody saw carries the kill or demotion under which it was drawn, '' where there was none before it. It
-- is sent for as long as that is still the workflow's last.
ALTER TABLE workflow ADD COLUMN recalled_by TEXT NOT NULL DEFAULT '';
UPDATE workflow SET recalled_by = COALESCE(
    (SELECT t.id FROM transition t WHERE t.workflow_id = workflow.id AND t.kind IN ('kill', 'demote')
     ORDER BY t.at DESC, t.id DESC LIMIT 1), '');
ALTER TABLE delivery ADD COLUMN transition_id TEXT NOT NULL DEFAULT '';
-- What was drawn while its workflow was killed was drawn as if it lived: it counts as drawn before any of them.
UPDATE delivery SET transition_id = COALESCE(
    (SELECT t.id FROM transition t WHERE t.workflow_id = delivery.workflow_id AND t.kind IN ('kill', 'demote')
       AND t.at <= delivery.created_at ORDER BY t.at DESC, t.id DESC LIMIT 1), '')
WHERE state IN ('pending', 'undeliverable') AND verdict_id IS NULL AND draft_seq IS NOT NULL
  AND COALESCE(
    (SELECT t.kind FROM transition t WHERE t.workflow_id = delivery.workflow_id AND t.at <= delivery.created_at
     ORDER BY t.at DESC, t.id DESC LIMIT 1), '') <> 'kill';
CREATE INDEX delivery_unseen ON delivery (workflow_id, transition_id, due_at)
    WHERE state = 'pending' AND verdict_id IS NULL AND draft_seq IS NOT NULL;

-- A draft that was to go out unseen, and went to a person instead; whether the customer may have it all the same.
ALTER TABLE draft ADD COLUMN rescued BIGINT NOT NULL DEFAULT 0;
ALTER TABLE draft ADD COLUMN may_have_reached BIGINT NOT NULL DEFAULT 0;
