-- migrate:up

-- Photos and documents. They lie sealed in a folder or bucket, each under a key of its own; that key, and what the
-- camera noted, stand here sealed under the key of whom it is about. Linking seals these anew, and leaves the object.
create table evidence (
    evidence_id  text primary key,
    person       text not null references persons,
    case_id      text,           -- none, until a complaint or message names it
    uploaded_by  text not null,  -- the caller's account
    channel      text,           -- of a system
    content_type text not null,  -- as its bytes say
    bytes        integer not null,
    width        integer,
    height       integer,
    fingerprint  bytea,          -- keyed hash of the original
    stored_at    timestamptz not null default now(),
    sealed       jsonb not null, -- data_key, place, taken_at
    state        text not null check (state in ('storing', 'stored', 'going', 'erased')),
    held_at      timestamptz,    -- when case_id was last set
    linked_at    timestamptz,    -- when it fell under the case's person
    check (linked_at is null or case_id is not null)
);
create index evidence_by_person on evidence (person);
create index evidence_by_case on evidence (case_id) where case_id is not null;
create index evidence_not_used on evidence (stored_at) where linked_at is null and state <> 'erased';

-- Whether a case was accepted here, or committed by a workflow that was started elsewhere.
create function is_accepted(wanted text) returns boolean language sql stable as $$
    select exists (select from complaints where case_id = wanted) or exists (select from cases where case_id = wanted)
$$;

-- migrate:down

drop function is_accepted(text);
drop table evidence;
