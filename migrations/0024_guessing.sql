-- Accounts at whose password strangers have used up their guesses: the owner is told once a day, by the worker.
create table guessing (
  account_id uuid primary key,
  noted_at timestamptz not null default statement_timestamp(),
  told_at timestamptz
);
create index guessing_untold on guessing (noted_at) where told_at is null;
-- Sign-ins that waited for a code before their password begin again with the password.
update flow set state = state - 'second' - 'itemId' - 'verificationId' || '{"step": "account_password", "guarded": false}'
  where state->>'kind' = 'sign_in' and state->>'guarded' = 'true' and not state ? 'passwordAt';
