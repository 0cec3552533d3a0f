-- A limit's row that holds no hit goes by when it was made: else one would stay for every browser that ever mistyped nothing.
alter table rate_limit add column made_at timestamptz not null default statement_timestamp();
