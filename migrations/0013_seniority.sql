-- When the oldest item was added that had freshly proved this change, or froze it: what came by a change that is still open
-- doesn't decide what an older item stands behind.
alter table change add column senior_item_at timestamptz;
