-- migrate:up

-- Whose data it is, and the key that it is sealed under. Erasing a person destroys the key: what was sealed stays, and
-- nobody can read it any more.
create table persons (
    person     text primary key,
    key_id     text,          -- of the ring's key that wraps this one
    wrapped    bytea,         -- none, once the person was erased
    made_at    timestamptz not null default now(),
    erased_at  timestamptz,
    check ((wrapped is null) = (erased_at is not null))
);
create index persons_by_key on persons (key_id) where wrapped is not null;

-- Finds persons by number or address without holding either: keyed hashes. Families share telephones.
create table person_lookups (
    fingerprint bytea not null,
    kind        text not null,
    person      text not null references persons,
    primary key (fingerprint, person)
);
create index person_lookups_by_person on person_lookups (person);

-- Who read personal data: what, of which case or request, and why they could.
create table personal_reads (
    read       bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    caller     text not null,
    role       text not null,
    action     text not null,
    subject    text not null, -- the case, request or delivery
    fields     text[] not null,
    request_id text           -- of the HTTP call
);
create index personal_reads_by_subject on personal_reads (subject, at);
create index personal_reads_by_caller on personal_reads (caller, at);
create trigger append_only before update or delete on personal_reads for each row execute function refuse_change();
create trigger never_emptied before truncate on personal_reads for each statement execute function refuse_change();

-- What stood in clear is sealed by `kawal init`; the columns in clear stay empty from then on.
alter table complaints
    alter column body drop not null,
    add column person      text references persons,
    add column reported_by text,  -- the account, if somebody reported in person
    add column sealed      jsonb;
create index complaints_by_person on complaints (person);
create index complaints_by_account on complaints (reported_by, accepted_at) where reported_by is not null;
create index complaints_in_clear on complaints (case_id) where body is not null;

alter table message_texts
    alter column body drop not null,
    add column person text references persons,
    add column sealed jsonb;
create index message_texts_by_person on message_texts (person);
create index message_texts_in_clear on message_texts (case_id) where body is not null;

alter table recipients
    alter column details drop not null,
    add column person text references persons,
    add column sealed jsonb;
create index recipients_by_person on recipients (person);
create index recipients_in_clear on recipients (reference) where details is not null;

alter table request_intakes add column requested_by text; -- the account, if somebody asked in person
drop trigger original on request_intakes;
create trigger original before update on request_intakes for each row
    when (new.requested_by is not null or to_jsonb(new) - 'requested_by' <> to_jsonb(old) - 'requested_by')
    execute function refuse_change();
create trigger original_kept before delete on request_intakes for each row execute function refuse_change();
create index request_intakes_by_account on request_intakes (requested_by) where requested_by is not null;

alter table benefits
    alter column national_id drop not null,
    add column beneficiary bytea; -- the number's keyed hash: enough to pay nobody twice
drop index a_benefit_is_held_once, benefits_by_person;
create unique index a_benefit_is_held_once on benefits (service, period, beneficiary) where freed_at is null;
create index benefits_by_person on benefits (service, period, beneficiary);

alter table contacts
    alter column address drop not null,
    add column person      text references persons,
    add column sealed      jsonb,
    add column fingerprint bytea;
alter table contacts drop constraint contacts_recipient_channel_address_key;
create unique index a_contact_is_there_once on contacts (recipient, channel, fingerprint);

alter table carrier_events
    alter column raw drop not null,
    add column person text references persons,
    add column sealed jsonb;
create index carrier_events_in_clear on carrier_events (order_id) where raw is not null;

-- An original is never changed, but for two things: it is sealed, and when the person is erased, its place on the map
-- and the account go.
create function refuse_change_of_original() returns trigger language plpgsql as $$
declare
    may_go text[] := array['body', 'latitude', 'longitude', 'sealed', 'person', 'cell', 'reported_by'];
    sealing boolean := old.sealed is null and old.body is not null and new.body is null and new.sealed is not null
        and new.cell is not distinct from old.cell and new.reported_by is not distinct from old.reported_by;
    forgetting boolean := new.cell is null and new.reported_by is null and new.sealed is not distinct from old.sealed
        and new.person is not distinct from old.person and new.body is not distinct from old.body;
begin
    if to_jsonb(new) - may_go = to_jsonb(old) - may_go and (sealing or forgetting) then
        return new;
    end if;
    raise exception '% is append-only: a correction is a new entry', tg_table_name using errcode = 'restrict_violation';
end $$;
drop trigger original on complaints;
create trigger original before update on complaints for each row execute function refuse_change_of_original();

-- A POST that is repeated with its key is the same POST.
create table idempotency_keys (
    caller      text not null,
    key         text not null,
    fingerprint bytea not null, -- keyed hash of what was asked
    resource    text not null,  -- the id that it was given
    made_at     timestamptz not null default now(),
    primary key (caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (made_at);

-- What was accepted and has no workflow's first commit yet: short, whatever the tables grow to. Sweeps look here.
create table not_started (
    id          text primary key, -- of the case or request
    kind        text not null check (kind in ('case', 'request')),
    accepted_at timestamptz not null
);
create index not_started_by_age on not_started (kind, accepted_at, id);
insert into not_started select case_id, 'case', accepted_at from complaints c
    where not exists (select from cases k where k.case_id = c.case_id);
insert into not_started select request_id, 'request', accepted_at from request_intakes i
    where not exists (select from service_requests r where r.request_id = i.request_id) on conflict do nothing;

-- Wakes those who follow cases: what changed, they read themselves.
create function tell_of_case() returns trigger language plpgsql as $$
begin
    perform pg_notify('kawal_cases', new.case_id || ' ' || new.seq);
    return new;
end $$;
create trigger tell_followers after insert on timeline for each row execute function tell_of_case();

-- migrate:down

drop trigger tell_followers on timeline;
drop function tell_of_case();
drop table idempotency_keys, not_started;
drop trigger original on complaints;
create trigger original before update on complaints for each row execute function refuse_change();
drop function refuse_change_of_original();
alter table carrier_events drop column person, drop column sealed;
drop index a_contact_is_there_once;
alter table contacts drop column person, drop column sealed, drop column fingerprint;
alter table contacts add unique (recipient, channel, address);
drop index a_benefit_is_held_once, benefits_by_person;
alter table benefits drop column beneficiary;
create unique index a_benefit_is_held_once on benefits (service, period, national_id) where freed_at is null;
create index benefits_by_person on benefits (service, period, national_id);
drop trigger original_kept on request_intakes;
drop trigger original on request_intakes;
create trigger original before update or delete on request_intakes for each row execute function refuse_change();
alter table request_intakes drop column requested_by;
alter table recipients drop column person, drop column sealed;
alter table message_texts drop column person, drop column sealed;
alter table complaints drop column person, drop column reported_by, drop column sealed;
drop table personal_reads, person_lookups, persons;
