-- Words and shapes that columns share. A check on a table is parsed anew by every statement that writes to it; that of a
-- domain is kept ready.
create domain channel as text check (value in ('email', 'sms', 'voice'));
create domain verification_state as text check (value in ('pending', 'approved', 'exhausted', 'cancelled'));
create domain message_kind as text check (value in ('code', 'account_exists', 'decoy'));
create domain message_state as text check (value in ('queued', 'sent', 'failed', 'withdrawn'));
create domain delivery_event_kind as text check (value in ('accepted', 'deferred', 'refused', 'gave_up', 'withdrawn'));
create domain code_length as smallint check (value in (6, 8));

-- Programs that use the API. Everybody reads these and hardly anybody writes them: reference tables on Citus.
create table application (
  id uuid primary key,
  name text not null check (char_length(name) between 1 and 64),
  created_at timestamptz not null default now()
);

create table api_key (
  id text primary key,
  application_id uuid not null references application (id),
  name text not null,
  hash bytea not null check (octet_length(hash) = 32),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- What is counted against a limit: sliding logs of the latest hits, newest first. The key is a keyed hash.
create table rate_limit (
  key bytea primary key,
  kind text not null,
  sends timestamptz[] not null default '{}',
  failures timestamptz[] not null default '{}'
) with (fillfactor = 70);

-- One attempt to prove control of a contact with a code. `subject` is the account, or else the verification itself.
create table verification (
  subject uuid not null,
  id uuid not null,
  application_id uuid not null,
  state verification_state not null default 'pending',
  purpose text not null,
  channel channel not null,
  destination text not null,
  -- The rate_limit rows that wrong answers count against; the lock on them orders all checks for one destination.
  destination_key bytea not null,
  locale text not null,
  reference text,
  message_reference text not null,
  -- What an Idempotency-Key was first used with: another body under the same key is refused.
  request_hash bytea,
  code_length code_length not null,
  code_key text not null,
  code_mac bytea not null check (octet_length(code_mac) = 32),
  -- The code as it is sent, sealed; gone as soon as the verification ends.
  sealed_code bytea,
  -- The code before, where a new one had to be made because it was about to die; it works until its own deadline.
  earlier_code_key text,
  earlier_code_mac bytea,
  earlier_expires_at timestamptz,
  attempts smallint not null default 0,
  attempts_allowed smallint not null,
  sends smallint not null default 1,
  created_at timestamptz not null default statement_timestamp(),
  last_sent_at timestamptz not null default statement_timestamp(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (subject, id),
  check (attempts between 0 and attempts_allowed),
  check ((state = 'pending') = (ended_at is null)),
  check (state = 'pending' or sealed_code is null)
);
create index verification_expires_at on verification (expires_at);

-- What is sent out. The outbox is the part of it that is still queued; text is rendered when it is sent.
create table message (
  subject uuid not null,
  id uuid not null,
  verification_id uuid not null,
  kind message_kind not null,
  channel channel not null,
  state message_state not null default 'queued',
  created_at timestamptz not null default statement_timestamp(),
  due_at timestamptz not null default statement_timestamp(),
  leased_until timestamptz,
  attempts smallint not null default 0,
  primary key (subject, id)
);
create index message_due on message (due_at) where state = 'queued';

-- The life of a message, a row a step, with its cause.
create table delivery_event (
  subject uuid not null,
  id uuid not null,
  message_id uuid not null,
  at timestamptz not null default statement_timestamp(),
  kind delivery_event_kind not null,
  provider text not null,
  by text,
  cause text,
  status text,
  response text,
  primary key (subject, id)
);

-- What happened, told to whom it concerns.
create table activity (
  subject uuid not null,
  id uuid not null,
  at timestamptz not null default statement_timestamp(),
  kind text not null,
  application_id uuid,
  verification_id uuid,
  detail jsonb,
  primary key (subject, id)
);

-- How many codes a number range took and used; when the count is full, the range may be closed for a time.
create table phone_prefix (
  prefix text primary key,
  sends integer not null default 0,
  used integer not null default 0,
  filled_at timestamptz
);

-- What texts cost on a day, against the daily cap.
create table phone_spend (
  day date primary key,
  amount integer not null default 0
);

-- The built-in inbox, for development only: each message sealed, gone after a day.
create table inbox_message (
  id uuid primary key,
  code_key text not null,
  sealed bytea not null,
  sent_at timestamptz not null default statement_timestamp()
);
