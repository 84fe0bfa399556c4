-- migrate:up

-- What cases tell the registers of agencies: written in the transaction that commits it to the case, delivered later.
create table scorecard_feed (
    item         bigint generated always as identity primary key,
    agency       text not null,
    case_id      text not null,
    kind         text not null check (kind in ('ledger', 'answered')),
    number       integer not null, -- of the ledger's entry, or of the transition that answered
    body         jsonb not null,
    enqueued_at  timestamptz not null default now(),
    delivered_at timestamptz,
    unique (case_id, kind, number)
);
create index scorecard_feed_undelivered on scorecard_feed (agency, item) where delivered_at is null;

-- The register of each agency: proposals about its people and itself, objections, decisions, answers, months.
create table scorecard_register (
    agency        text not null,
    number        integer not null,
    kind          text not null,
    at            timestamptz not null,
    actor         text not null,
    office        text,
    message_id    text,
    reason        text,
    subject       text,
    rule          text,
    sanction      text,
    points        integer not null,
    basis         text,
    period        text,
    refers_to     integer,
    until         timestamptz,
    case_id       text,
    case_entry    integer,
    case_seq      integer,
    offence       text,
    grounds       integer[],
    month         text,
    item          text,           -- identity of the delivered item that the entry records
    previous_hash text not null,
    hash          text not null,
    body          jsonb not null, -- the whole entry, as the workflow that finds it here adopts it
    recorded_at   timestamptz not null default now(),
    primary key (agency, number),
    foreign key (agency, refers_to) references scorecard_register (agency, number)
);
create unique index an_item_is_taken_once on scorecard_register (agency, item) where item is not null;
create unique index a_case_entry_is_taken_once on scorecard_register (agency, case_id, case_entry, kind)
    where case_entry is not null;
create unique index a_register_message_takes_effect_once on scorecard_register (agency, message_id)
    where message_id is not null;
create unique index a_set_of_offences_counts_once on scorecard_register (agency, rule, subject, grounds)
    where kind = 'proposed' and grounds is not null;
create unique index a_month_counts_once on scorecard_register (agency, rule, month)
    where kind = 'proposed' and month is not null;
create unique index a_month_is_closed_once on scorecard_register (agency, month) where kind = 'month closed';
create unique index a_proposal_is_objected_to_once on scorecard_register (agency, refers_to) where kind = 'objected';
create unique index a_proposal_is_upheld_once on scorecard_register (agency, refers_to) where kind = 'upheld';
create index register_by_subject on scorecard_register (subject, at) where subject is not null;
create index register_by_case on scorecard_register (case_id) where case_id is not null;

-- Points of standing proposals, by subject and period (a month, a quarter or a year, as the policy says).
create table scorecards (
    agency       text not null,
    subject      text not null,
    period       text not null, -- 2026-11, 2026-Q4 or 2026
    period_start date not null,
    points       integer not null,
    standing     integer not null check (standing >= 0),
    primary key (agency, subject, period)
);

-- Answers by month; what came after the month was closed does not count.
create table scorecard_months (
    agency    text not null,
    month     text not null,
    answered  integer not null,
    on_time   integer not null check (on_time <= answered),
    came_late integer not null,
    closed    boolean not null,
    primary key (agency, month)
);

create trigger append_only before update or delete on scorecard_register
    for each row execute function refuse_change();
create trigger never_emptied before truncate on scorecard_register for each statement execute function refuse_change();

-- migrate:down

drop table scorecard_months, scorecards, scorecard_register, scorecard_feed;
