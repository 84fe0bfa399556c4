-- migrate:up

-- Who is told over HTTP what happens to the cases, requests and deliveries of a channel.
create table webhook_subscriptions (
    subscription  text primary key,
    owner         text not null, -- the caller who made it
    url           text not null,
    channel       text,          -- null: of all channels, but for what is confidential
    kinds         text[],        -- event types; null: all
    made_at       timestamptz not null default now(),
    paused_at     timestamptz,
    failing_since timestamptz,    -- null: the last try was taken
    held_until    timestamptz     -- nothing is sent before
);

-- What signs. One that was exchanged signs beside the new one for a while.
create table webhook_secrets (
    number       bigint generated always as identity primary key,
    subscription text not null references webhook_subscriptions on delete cascade,
    sealed       bytea not null,
    key_id       text not null, -- of the ring's key that it is sealed under
    until        timestamptz    -- null: for as long as it is the newest
);
create index webhook_secrets_by_subscription on webhook_secrets (subscription, number);

-- One event on its way to one subscriber, written in the transaction that makes the event true. Codes, ids and moments
-- alone. Nothing refers to the subscription: neither removing one nor telling it may hold up a case.
create table webhook_deliveries (
    delivery        bigint generated always as identity primary key,
    subscription    text not null,
    event_id        text not null,
    type            text not null,
    subject         text not null,
    at              timestamptz not null, -- when it happened
    data            jsonb not null,
    state           text not null default 'pending' check (state in ('pending', 'sent', 'failed', 'dead')),
    attempts        integer not null default 0,
    last_error      text, -- what kind of problem; nothing that the receiver wrote
    status_code     integer,
    next_attempt_at timestamptz not null default now(),
    sent_at         timestamptz,
    recorded_at     timestamptz not null default now(),
    unique (subscription, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (subscription, next_attempt_at, delivery)
    where state in ('pending', 'failed');
create index webhook_deliveries_in_order on webhook_deliveries (subscription, subject, delivery)
    where state in ('pending', 'failed');
create index webhook_deliveries_listed on webhook_deliveries (subscription, state, delivery);
create index webhook_deliveries_by_age on webhook_deliveries (recorded_at);

-- migrate:down

drop table webhook_deliveries, webhook_secrets, webhook_subscriptions;
