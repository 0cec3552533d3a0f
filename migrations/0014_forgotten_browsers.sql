-- A browser that was forgotten is asked for a second proof like a new one. Since when it was known is kept for 30 days, for
-- what rests on that.
alter table known_browser add column forgotten_at timestamptz;
