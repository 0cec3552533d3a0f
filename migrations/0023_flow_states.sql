-- Flows that are under way keep their place: every flow that proves something has one shape of state.
update flow set state = jsonb_set(state, '{step}', '"account_password"')
  where state->>'kind' = 'sign_in' and state->>'step' = 'password';
update flow set state = jsonb_set(state, '{step}', '"new_password"')
  where state->>'kind' = 'sign_up' and state->>'step' = 'password';
update flow set state = state - 'taken' || jsonb_build_object('addressInUse', coalesce(state->'taken', 'false'))
  where state->>'kind' = 'sign_up';
update flow set state = state || '{"step": "code"}' where state->>'kind' = 'prove_contact';
update flow set state = state - 'kept' || jsonb_build_object('replacement', state->'kept') where state ? 'kept';
update flow set state = state - 'sealedCode' - 'second' || jsonb_build_object('replacement',
    jsonb_build_object('proof', state->'second', 'sealedCode', state->'sealedCode'))
  where state->>'step' = 'new_recovery_code' and state ? 'sealedCode';
