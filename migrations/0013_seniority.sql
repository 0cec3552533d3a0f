-- When the oldest item was added that had freshly proved this change: what came by a change that is still open doesn't decide
-- what an older item stands behind.
alter table change add column prover_added_at timestamptz;

-- The same of the oldest that froze it, or asked to undo it.
alter table change add column contester_added_at timestamptz;
