-- From a contact to the accounts that have it; the key is a hash, so that the look-up touches one shard. One row for all of
-- them: of two accounts that add a number at once, the second waits for the first and then sees it.
create table contact (
  lookup bytea primary key,
  account_ids uuid[] not null
);

insert into contact (lookup, account_ids)
select sha256(convert_to('contact ' || address, 'UTF8')), array_agg(account_id order by account_id)
from security_info where address is not null group by address;
