-- Authenticator apps, passkeys and recovery codes beside contacts.
alter table security_info drop constraint security_info_kind_check;

alter table security_info alter column address drop not null;

-- What its owner calls an authenticator app or a passkey.
alter table security_info add column name text;

-- An authenticator app (RFC 6238): its seed, sealed, and the time step of the last code that was accepted.
alter table security_info add column sealed_seed bytea;

alter table security_info add column last_step integer;

-- A passkey (WebAuthn Level 3): its public key, as COSE, and what its authenticator said of itself.
alter table security_info add column credential_id bytea;

alter table security_info add column public_key bytea;

alter table security_info add column sign_count bigint;

alter table security_info add column transports text[];

alter table security_info add column backup_eligible boolean;

alter table security_info add column backed_up boolean;

-- A recovery code: 125 random bits, so that a hash without a key keeps it.
alter table security_info add column code_hash bytea check (octet_length(code_hash) = 32);

alter table security_info add constraint security_info_kind_check check (
  case kind
    when 'email' then address is not null
    when 'phone' then address is not null
    when 'totp' then name is not null and sealed_seed is not null and last_step is not null
    when 'passkey' then name is not null and credential_id is not null and public_key is not null
      and sign_count >= 0 and transports is not null and backup_eligible is not null and backed_up is not null
    when 'recovery_code' then code_hash is not null
    else false
  end
);

create unique index security_info_credential_id on security_info (account_id, credential_id);

-- One recovery code at a time: a new one replaces the old.
create unique index security_info_recovery_code on security_info (account_id) where kind = 'recovery_code';

-- Since when a second proof is asked for at sign-in.
alter table account add column two_step_at timestamptz;

-- "Don't ask again in this browser": since when, when it last saved its owner a second proof, and which browser it is.
alter table known_browser add column trusted_at timestamptz;

alter table known_browser add column trust_used_at timestamptz;

alter table known_browser add column user_agent text;
