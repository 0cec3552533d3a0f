-- Where a session was opened from, as far as the network tells.
alter table session add column ip text;

-- What is told to accounts is removed by its age. Rows of verifications name their application, stand in neither index
-- and go with their verification.
create index activity_told on activity (at) where application_id is null;
create index activity_decoy on activity (at) where application_id is null and detail @> '{"decoy": true}';

-- Browsers and networks that somebody said they had not asked for a code from: for a day they may ask for half.
create table reported_source (
  key bytea primary key,
  until timestamptz not null
);
