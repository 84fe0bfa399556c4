-- migrate:up

-- Which agencies have a case or had it, so that what their people see of all cases is found by an index.
create function agencies_of(agency text, offices text[], parts jsonb) returns text[]
language sql immutable parallel safe as $$
    select array(
        select regexp_replace(office, '^.*@', '') from unnest(offices) office
        union select part->>'agency' from jsonb_array_elements(coalesce(parts, '[]')) part
        union select agency where agency is not null
    )
$$;
alter table cases add column agencies text[] not null
    generated always as (agencies_of(agency, owners || watchers, view->'parts')) stored;
create index cases_by_agencies on cases using gin (agencies);
create index cases_by_opening on cases (opened_at desc, case_id desc);
create index cases_by_channel on cases (channel, opened_at desc, case_id desc);

-- migrate:down

drop index cases_by_channel, cases_by_opening;
alter table cases drop column agencies;
drop function agencies_of(text, text[], jsonb);
