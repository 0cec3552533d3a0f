-- An item that was added by a change that is frozen, or after it: it proves nothing until then, or until it is decided.
alter table security_info add column frozen_until timestamptz;
