-- A notice that warns of what strangers tried tells of no change.
alter table notice alter column change_id drop not null;
