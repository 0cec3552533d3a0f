-- What is erased and removed by its age is found by an index that holds just that, however large its table has grown.
create index verification_sealed on verification (expires_at) where sealed_code is not null;
create index flow_seed on flow (id) where state ? 'seed';
create index session_created_at on session (created_at);
create index session_ended_at on session (ended_at) where ended_at is not null;
create index known_browser_last_sign_in_at on known_browser (last_sign_in_at);
create index change_at on change (at);
create index removed_item_removed_at on removed_item (removed_at);
create index notice_created_at on notice (created_at);
create index reported_source_until on reported_source (until);
create index inbox_message_sent_at on inbox_message (sent_at);
