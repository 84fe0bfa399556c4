-- migrate:up

-- Who gets something, and where: personal data, which stands here and nowhere else. Workflows carry the reference.
create table recipients (
    reference text primary key,
    details   jsonb not null,
    stored_at timestamptz not null default now()
);

-- How each delivery stands after its latest transition. (The table `deliveries` is that of notices to addresses.)
create table post_deliveries (
    delivery_id text primary key,
    service     text not null,
    ordered_by  text not null, -- the service request or the case that it belongs to
    status      text not null,
    point       text,
    waybill     text,
    region      text,
    recipient   text not null,
    due_at      timestamptz,
    on_time     boolean not null,
    ordered_at  timestamptz not null,
    over_at     timestamptz,
    seq         integer not null,
    view        jsonb not null
);
create index post_deliveries_by_order on post_deliveries (ordered_by);
create index post_deliveries_open on post_deliveries (status, due_at) where over_at is null;

create table delivery_timeline (
    delivery_id text not null references post_deliveries,
    seq         integer not null,
    kind        text not null,
    at          timestamptz not null,
    message_id  text,
    event_id    text,
    status      text not null,
    detail      jsonb not null,
    body        jsonb not null, -- the whole transition, as the workflow that finds it here adopts it
    recorded_at timestamptz not null default now(),
    primary key (delivery_id, seq)
);

-- Orders that the carrier has taken: what it tells is about these. Waybills are used again after a year or two.
create table carrier_orders (
    order_id    text primary key,
    waybill     text not null,
    delivery_id text not null references post_deliveries,
    number      integer not null check (number > 0),
    taken_at    timestamptz not null default now(),
    unique (delivery_id, number)
);
create index carrier_orders_by_waybill on carrier_orders (waybill, taken_at);

-- Everything that carriers told, for those who follow a delivery; what is decisive is told to its workflow, too.
create table carrier_events (
    order_id    text not null,
    event_id    text not null,
    delivery_id text not null,
    number      integer not null,
    scan        text not null,
    at          timestamptz not null, -- as the carrier says
    point       text,
    reason      text,
    event       jsonb not null,
    raw         json not null, -- as it was sent, with places and references to photos; json: jsonb refuses some of it
    via         text not null check (via in ('webhook', 'asked')),
    received_at timestamptz not null default now(),
    told_at     timestamptz, -- when the workflow was told
    primary key (order_id, event_id)
);
create index carrier_events_by_delivery on carrier_events (delivery_id, at);
create index carrier_events_untold on carrier_events (scan, received_at) where told_at is null;

create table webhooks_taken (
    webhook_id text primary key,
    body_hash  text not null,
    taken_at   timestamptz not null default now()
);

-- Service requests as they came in. All that is personal about them is their recipient.
create table request_intakes (
    request_id     text primary key,
    channel        text not null,
    external_id    text,
    service        text not null,
    region         text,
    recipient      text not null,
    amount         bigint,
    period         text,
    policy_version text not null references policy_versions,
    accepted_at    timestamptz not null,
    unique (channel, external_id)
);
create index request_intakes_by_moment on request_intakes (accepted_at);

-- How each request stands after its latest transition.
create table service_requests (
    request_id   text primary key,
    service      text not null,
    channel      text not null,
    region       text,
    status       text not null,
    case_id      text,
    delivery_id  text,
    outcome      text,
    payment_code text,
    amount_due   bigint,
    paid         bigint not null,
    refunded     bigint not null,
    paid_out     text,
    dispute      text,
    recipient    text not null,
    next_at      timestamptz,
    accepted_at  timestamptz not null,
    over_at      timestamptz,
    seq          integer not null,
    view         jsonb not null
);
create index service_requests_by_moment on service_requests (accepted_at desc, request_id desc);
create index service_requests_by_payment_code on service_requests (payment_code) where payment_code is not null;

create table request_timeline (
    request_id  text not null references service_requests,
    seq         integer not null,
    kind        text not null,
    at          timestamptz not null,
    actor       text not null,
    message_id  text,
    status      text not null,
    detail      jsonb not null,
    body        jsonb not null, -- the whole transition, as the workflow that finds it here adopts it
    recorded_at timestamptz not null default now(),
    primary key (request_id, seq)
);

-- Which request holds a benefit that a person gets once in a period, and which held it before and freed it.
create table benefits (
    request_id  text primary key,
    service     text not null,
    period      text not null,
    national_id text not null, -- personal data
    claimed_at  timestamptz not null default now(),
    freed_at    timestamptz
);
create unique index a_benefit_is_held_once on benefits (service, period, national_id) where freed_at is null;
create index benefits_by_person on benefits (service, period, national_id);

-- Money that the post received or paid out, once per receipt.
create table money (
    receipt      text primary key,
    kind         text not null check (kind in ('payment', 'cod', 'payout', 'refund')),
    reference_id text not null, -- what the carrier knows it under
    amount       bigint not null check (amount > 0), -- rupiah
    at           timestamptz not null,
    request_id   text, -- or the case that a delivery belongs to
    delivery_id  text,
    of_receipt   text, -- of a refund: the payment that it gives back
    recorded_at  timestamptz not null default now()
);
create index money_by_request on money (request_id);
create index money_by_moment on money (at);
create index money_by_reference on money (reference_id, kind);

-- What was told under a receipt that stands for other money: nothing of it counts, and none of it is lost.
create table money_conflicts (
    receipt      text not null references money,
    kind         text not null,
    reference_id text not null,
    amount       bigint not null,
    at           timestamptz not null,
    recorded_at  timestamptz not null default now(),
    primary key (receipt, kind, reference_id, amount)
);

-- What the carrier says that it received and paid out on a day.
create table settlement_lines (
    day          date not null,
    receipt      text not null,
    kind         text not null check (kind in ('payment', 'cod', 'payout', 'refund')),
    reference_id text not null,
    amount       bigint not null check (amount > 0),
    at           timestamptz not null,
    primary key (day, receipt, kind)
);
create index settlement_lines_by_receipt on settlement_lines (receipt);
create index settlement_lines_by_reference on settlement_lines (reference_id, kind);

-- Which delivery has one of a point's places on a day.
create table point_loads (
    delivery_id text primary key,
    point       text not null,
    day         date not null
);
create index point_loads_by_day on point_loads (day, point);

-- Files of many requests, named by the hash of what they hold. The rows themselves stay with whoever sent them.
create table batches (
    batch_id   text primary key,
    service    text not null,
    rows       integer not null check (rows > 0),
    created_at timestamptz not null default now(),
    done_at    timestamptz
);
create table batch_rows (
    batch_id   text not null references batches,
    row        integer not null,
    status     text not null default 'waiting' check (status in ('waiting', 'accepted', 'refused')),
    request_id text,
    problem    text, -- the field and the mend, never what was given
    primary key (batch_id, row)
);
create index batch_rows_waiting on batch_rows (batch_id, row) where status = 'waiting';

create trigger append_only before update or delete on delivery_timeline
    for each row execute function refuse_change();
create trigger append_only before update or delete on request_timeline for each row execute function refuse_change();
create trigger append_only before update or delete on money for each row execute function refuse_change();
create trigger append_only before update or delete on money_conflicts for each row execute function refuse_change();
create trigger original before update or delete on request_intakes for each row execute function refuse_change();
create trigger never_emptied before truncate on delivery_timeline for each statement execute function refuse_change();
create trigger never_emptied before truncate on request_timeline for each statement execute function refuse_change();
create trigger never_emptied before truncate on money for each statement execute function refuse_change();
create trigger never_emptied before truncate on money_conflicts for each statement execute function refuse_change();
create trigger never_emptied before truncate on request_intakes for each statement execute function refuse_change();

-- migrate:down

drop table batch_rows, batches, point_loads, settlement_lines, money_conflicts, money, benefits, request_timeline,
    service_requests, request_intakes, webhooks_taken, carrier_events, carrier_orders, delivery_timeline,
    post_deliveries, recipients;
