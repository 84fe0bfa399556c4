-- migrate:up

-- Policies are immutable: a version is the hash of its content, and cases stay pinned to theirs.
create table policy_versions (
    version        text primary key,
    name           text not null,
    title          text not null,
    effective_from date not null,
    body           jsonb not null
);

-- When which version was published; the latest publication of a policy is the one that counts.
create table policy_publications (
    publication  bigint generated always as identity primary key,
    version      text not null references policy_versions,
    published_at timestamptz not null default now()
);

-- What reporters wrote. The text stays here: workflows carry the case's id alone.
create table complaints (
    case_id        text primary key,
    channel        text not null,
    external_id    text,
    category       text not null,
    region         text,
    body           text not null,
    accepted_at    timestamptz not null default now(),
    promised_at    timestamptz,
    policy_version text not null references policy_versions,
    unique (channel, external_id)
);

-- Texts that belong to messages: an operator's answer, under the id of the message that carries it.
create table message_texts (
    case_id    text not null,
    message_id text not null,
    body       text not null,
    stored_at  timestamptz not null default now(),
    primary key (case_id, message_id)
);

-- How each case stands after its latest transition. Rebuilt from the histories if need be.
create table cases (
    case_id        text primary key,
    status         text not null,
    channel        text not null,
    category       text not null,
    region         text,
    agency         text,
    queue          text,
    triage_reason  text,
    level          integer not null,
    level_title    text,
    holder         text,
    policy_version text not null,
    opened_at      timestamptz not null,
    due_at         timestamptz,
    due_steps      text[] not null,
    provisional    boolean not null,
    next_kind      text,
    next_at        timestamptz,
    on_time        boolean not null,
    answered_at    timestamptz,
    closed_at      timestamptz,
    seq            integer not null,
    ledger_length  integer not null,
    ledger_head    text not null
);
create index cases_by_queue on cases (queue, due_at) where closed_at is null;
create index cases_by_holder on cases (holder, due_at) where closed_at is null;

create table timeline (
    case_id        text not null references cases,
    seq            integer not null,
    kind           text not null,
    at             timestamptz not null,
    actor          text not null,
    message_id     text,
    status         text not null,
    level          integer not null,
    breached_level integer,
    due_at         timestamptz,
    detail         jsonb not null,
    body           jsonb not null, -- the whole transition, as the workflow that finds it here adopts it
    recorded_at    timestamptz not null default now(),
    primary key (case_id, seq)
);
create unique index a_message_takes_effect_once on timeline (case_id, message_id)
    where message_id is not null and kind <> 'message refused';

create table sanction_ledger (
    case_id       text not null,
    entry         integer not null,
    seq           integer not null,
    kind          text not null,
    level         integer not null,
    rule          text not null,
    subject       text not null,
    sanction      text not null,
    points        integer not null,
    basis         text not null,
    at            timestamptz not null,
    reason        text not null,
    refers_to     integer,
    previous_hash text not null,
    hash          text not null,
    recorded_at   timestamptz not null default now(),
    primary key (case_id, entry),
    foreign key (case_id, seq) references timeline (case_id, seq)
);
create unique index one_proposal_per_level_and_rule on sanction_ledger (case_id, level, rule) where kind = 'proposed';
create index proposals_by_subject on sanction_ledger (subject, at);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: a correction is a new entry', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on timeline for each row execute function refuse_change();
create trigger append_only before update or delete on sanction_ledger for each row execute function refuse_change();
create trigger immutable before update or delete on policy_versions for each row execute function refuse_change();
create trigger original before update on complaints for each row execute function refuse_change();
create trigger never_emptied before truncate on timeline for each statement execute function refuse_change();
create trigger never_emptied before truncate on sanction_ledger for each statement execute function refuse_change();

-- migrate:down

drop table sanction_ledger, timeline, cases, message_texts, complaints, policy_publications, policy_versions;
drop function refuse_change();
