-- A person's account. It comes to be with a proved contact and a password, never before.
create table account (
  id uuid primary key,
  locale text not null,
  role text not null default 'member' check (role in ('member', 'administrator')),
  password_hash text not null,
  password_set_at timestamptz not null default statement_timestamp(),
  created_at timestamptz not null default statement_timestamp()
);

-- From a name to its account: the key is a hash, so that the look-up touches one shard.
create table username (
  lookup bytea primary key,
  account_id uuid not null
);

-- The same names, as their account reads them.
create table account_username (
  account_id uuid not null,
  name text not null,
  kind text not null check (kind in ('email', 'phone')),
  added_at timestamptz not null default statement_timestamp(),
  primary key (account_id, name),
  foreign key (account_id) references account (id) on delete cascade
);

-- The ways in which an account can prove it is its owner.
create table security_info (
  account_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('email', 'phone')),
  address text not null,
  added_at timestamptz not null default statement_timestamp(),
  proven_at timestamptz,
  last_used_at timestamptz,
  primary key (account_id, id),
  unique (account_id, address),
  foreign key (account_id) references account (id) on delete cascade
);

-- Browsers that have completed a sign-in to the account. The key is a hash of the browser's cookie.
create table known_browser (
  account_id uuid not null,
  browser bytea not null,
  first_sign_in_at timestamptz not null default statement_timestamp(),
  last_sign_in_at timestamptz not null default statement_timestamp(),
  primary key (account_id, browser),
  foreign key (account_id) references account (id) on delete cascade
);

-- One account signed in on one browser. Only a hash of the cookie's secret is stored.
create table session (
  account_id uuid not null,
  id uuid not null,
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  browser bytea not null,
  kept boolean not null,
  -- What was proved in it, and when: [{"kind":"password","at":"…"}, …]
  proofs jsonb not null,
  user_agent text,
  created_at timestamptz not null default statement_timestamp(),
  last_seen_at timestamptz not null default statement_timestamp(),
  ended_at timestamptz,
  primary key (account_id, id),
  foreign key (account_id) references account (id) on delete cascade
);

-- Somebody on the way to something (a sign-in, a sign-up), before anything is proved. Bound to the browser that began.
create table flow (
  id uuid primary key,
  browser bytea not null,
  state jsonb not null,
  -- Counts the forms that were answered; `last` is what the latest was answered with, for a form that is sent twice.
  revision integer not null default 0,
  last jsonb,
  created_at timestamptz not null default statement_timestamp(),
  expires_at timestamptz not null
);
create index flow_expires_at on flow (expires_at);

-- One-time links that make an administrator. Only a hash of the token is stored.
create table invitation (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  created_at timestamptz not null default statement_timestamp(),
  expires_at timestamptz not null,
  used_at timestamptz
);
