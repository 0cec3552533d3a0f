-- A message that was handed over whole and never answered may have arrived: that is neither sent nor failed.
alter domain message_state drop constraint message_state_check;

alter domain message_state add constraint message_state_check
  check (value in ('queued', 'sent', 'failed', 'withdrawn', 'unknown'));

alter domain delivery_event_kind drop constraint delivery_event_kind_check;

alter domain delivery_event_kind add constraint delivery_event_kind_check
  check (value in ('accepted', 'deferred', 'refused', 'unknown', 'gave_up', 'withdrawn'));

-- How often a message was handed over whole without an answer.
alter table message add column copies smallint not null default 0;

-- The part after the @, by which places are shared out; of a text, and of what was queued before, there is none.
alter table message add column domain text;
