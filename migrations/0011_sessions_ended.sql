-- When sessions of the account were last ended all at once: a sign-in that was gone through before opens none after.
alter table account add column sessions_ended_at timestamptz;

-- Whether the password is long enough to be the only proof; a shorter one goes with two-step verification alone.
alter table account add column password_stands_alone boolean not null default true;
