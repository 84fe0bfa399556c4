-- migrate:up

-- Where people are reached. Addresses are personal data: they stand here and nowhere else.
create table contacts (
    contact   bigint generated always as identity primary key,
    recipient text not null, -- role@agency, or reporter:<case id>
    channel   text not null,
    address   text not null,
    since     timestamptz not null default now(),
    unique (recipient, channel, address)
);

-- Who has to hear of which event of a case: written in the transaction that makes the event true. Codes and ids alone.
create table notices (
    notice           bigint generated always as identity primary key,
    case_id          text not null,
    seq              integer not null,
    what             text not null,
    recipient        text not null, -- as in contacts
    at               timestamptz not null, -- when it happened
    status           text not null,
    due_at           timestamptz,
    owners           text[] not null,
    whereto          text,
    around_the_clock boolean not null,
    policy_version   text, -- its calendar has the zone and the quiet hours; null: UTC, and none
    not_before       timestamptz not null,
    state            text not null default 'waiting' check (state in ('waiting', 'addressed', 'nobody to tell')),
    recorded_at      timestamptz not null default now(),
    unique (case_id, seq, what, recipient)
);
create index notices_waiting on notices (not_before) where state = 'waiting';
create index notices_not_addressed on notices (recipient) where state <> 'addressed';

-- One notice on its way to one address. An address that is removed leaves behind what was sent to it, without itself.
create table deliveries (
    delivery        bigint generated always as identity primary key,
    notice          bigint not null references notices on delete cascade,
    contact         bigint references contacts on delete set null,
    channel         text not null,
    state           text not null default 'pending' check (state in ('pending', 'sent', 'failed', 'dead')),
    attempts        integer not null default 0,
    last_error      text, -- what kind of problem; never an address
    next_attempt_at timestamptz not null,
    sent_at         timestamptz,
    unique (notice, contact)
);
create index deliveries_due on deliveries (next_attempt_at) where state in ('pending', 'failed');
create index deliveries_dead on deliveries (notice) where state = 'dead';
create index deliveries_by_contact on deliveries (contact);

-- migrate:down

drop table deliveries, notices, contacts;
