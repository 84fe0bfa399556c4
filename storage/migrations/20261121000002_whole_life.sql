-- migrate:up

-- How a case stands, whole, as queries show it; the columns beside it are what people search and sort by.
alter table cases
    add column view             jsonb,
    add column case_class       text,
    add column statutory_due_at timestamptz,
    add column owners           text[] not null default '{}',
    add column watchers         text[] not null default '{}';
update cases set view = jsonb_build_object(
    'case_id', case_id, 'status', status, 'channel', channel, 'category', category, 'region', region, 'agency', agency,
    'queue', queue, 'triage_reason', triage_reason, 'level', level, 'level_title', level_title, 'holder', holder,
    'policy_version', policy_version, 'opened_at', opened_at, 'on_time', on_time, 'answered_at', answered_at,
    'closed_at', closed_at, 'seq', seq, 'ledger_length', ledger_length, 'ledger_head', ledger_head,
    'due', case when due_at is null then null else jsonb_build_object(
        'at', due_at, 'steps', to_jsonb(due_steps), 'provisional', provisional) end,
    'what_next', case when next_at is null then null else jsonb_build_object('kind', next_kind, 'at', next_at) end),
    owners = case when closed_at is null and holder is not null then array[holder] else '{}' end,
    watchers = case when holder is null then '{}' else array[holder] end;
alter table cases alter column view set not null;
create index cases_by_owner on cases using gin (owners);
create index cases_by_watcher on cases using gin (watchers);

-- A point on the map may be somebody's home: it stays here, as the text does.
alter table complaints
    add column latitude   double precision,
    add column longitude  double precision,
    add column cell       text,
    add column identity   text not null default 'named',
    add column respondent text;
create trigger original_kept before delete on complaints for each row execute function refuse_change();
create trigger never_emptied before truncate on complaints for each statement execute function refuse_change();
create index complaints_near_each_other on complaints (category, cell, accepted_at) where cell is not null;

-- Which case goes on in place of which: never in a circle, never along a chain.
create table merges (
    case_id   text primary key,
    into_case text not null,
    merged_at timestamptz not null,
    check (case_id <> into_case)
);
create index merges_by_target on merges (into_case);

-- Who does not hold an office for a while, and who stands in.
create table absences (
    office      text not null,
    since       timestamptz not null,
    until       timestamptz not null check (until > since),
    deputy      text,
    recorded_at timestamptz not null default now(),
    primary key (office, since)
);

alter table sanction_ledger
    add column agency   text,
    add column deciders text[],
    add column part     text,
    add column round    integer;
drop index one_proposal_per_level_and_rule;
create unique index one_proposal_per_level_and_rule on sanction_ledger
    (case_id, coalesce(round, 1), coalesce(part, ''), level, rule, coalesce(refers_to, 0)) where kind = 'proposed';

-- migrate:down

drop index one_proposal_per_level_and_rule;
alter table sanction_ledger drop column agency, drop column deciders, drop column part, drop column round;
create unique index one_proposal_per_level_and_rule on sanction_ledger (case_id, level, rule) where kind = 'proposed';
drop table absences, merges;
drop trigger never_emptied on complaints;
drop trigger original_kept on complaints;
drop index complaints_near_each_other;
alter table complaints drop column latitude, drop column longitude, drop column cell, drop column identity,
    drop column respondent;
drop index cases_by_owner, cases_by_watcher;
alter table cases drop column view, drop column case_class, drop column statutory_due_at, drop column owners,
    drop column watchers;
