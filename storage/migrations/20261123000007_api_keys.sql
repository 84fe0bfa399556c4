-- migrate:up

-- Keys of systems. A secret has 256 random bits, so its plain hash tells nobody what it is, and is all that is kept.
create table api_keys (
    key_id       text primary key check (key_id ~ '^[a-z]{10}$'),
    secret_hash  bytea not null check (octet_length(secret_hash) = 32), -- sha256
    name         text not null,
    channel      text not null,
    scopes       text[] not null check (cardinality(scopes) > 0),
    made_at      timestamptz not null default now(),
    made_by      text not null,
    expires_at   timestamptz check (expires_at > made_at),
    revoked_at   timestamptz,
    last_used_at timestamptz -- as of a minute ago
);

-- migrate:down

drop table api_keys;
