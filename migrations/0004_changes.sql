-- What was changed about an account's ways in: told to all its contacts, and for 30 days it can be frozen and undone.
create table change (
  account_id uuid not null,
  id uuid not null,
  kind text not null,
  at timestamptz not null default statement_timestamp(),
  -- The session that made it; it ends when the change is frozen.
  session_id uuid,
  state text not null default 'standing' check (state in ('standing', 'frozen', 'undone', 'kept')),
  state_at timestamptz,
  -- The item that was added or removed, and where the change came from.
  detail jsonb not null,
  primary key (account_id, id),
  foreign key (account_id) references account (id) on delete cascade
);

-- What a message says that carries no code. Its id is the message's; text is rendered when it is sent.
create table notice (
  account_id uuid not null,
  id uuid not null,
  kind text not null,
  change_id uuid not null,
  -- The contact that it is sent to, as it was then.
  item_id uuid not null,
  destination text not null,
  locale text not null,
  reference text not null,
  detail jsonb not null,
  created_at timestamptz not null default statement_timestamp(),
  expires_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id) references account (id) on delete cascade
);

alter domain message_kind drop constraint message_kind_check;

alter domain message_kind add constraint message_kind_check check (value in ('code', 'account_exists', 'decoy', 'notice'));

alter table message alter column verification_id drop not null;
