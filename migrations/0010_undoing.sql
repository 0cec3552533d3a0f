-- The password that a change took the place of: undoing it puts that one back.
alter table change add column password_before text;

-- An undo that has to be announced first: since when it is, and how many rounds of notices have gone out.
alter table change add column undo_asked_at timestamptz;

alter table change add column undo_rounds smallint not null default 0;

-- Of one that was confirmed: the items that can't freeze it again, since they confirmed it, or since it was stopped for them.
alter table change add column silenced uuid[] not null default '{}';

create index change_undo_asked on change (undo_asked_at) where undo_asked_at is not null;

-- Items that were removed, as they were: a removal can be undone for as long as its change is open.
create table removed_item (
  account_id uuid not null,
  id uuid not null,
  removed_at timestamptz not null default statement_timestamp(),
  item jsonb not null,
  primary key (account_id, id),
  foreign key (account_id) references account (id) on delete cascade
)
