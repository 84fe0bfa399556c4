"""Running the HTTP interface. Apart from its command, because all that it needs takes long to load."""

import structlog

from cli.connection import AwayError
from gateway.app import app
from gateway.identity.api_keys import ApiKeys
from gateway.identity.callers import Callers
from gateway.identity.oidc import Tokens
from gateway.kawal import Kawal
from gateway.serve import serve
from runtime import gateway as gateway_settings
from runtime import identity as identity_settings
from runtime import settings, temporal, tracing
from storage import database

_PATIENCE_SECONDS = 3.0
"""How long a stopped interface goes on starting what it has accepted; a sweep does the rest."""


async def run(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Temporal may be away: complaints are accepted, and started later.

    Raises:
        AwayError: the database was not prepared.
        OSError: the port is taken, or the host is not ours.
        SettingsError: something that must be set is not.
    """
    where = settings.load()
    post = settings.carrier()
    whose = identity_settings.identity()
    behaviour = gateway_settings.gateway()
    client = await temporal.connect(where.temporal_address, lazy=True)
    async with await database.connect(where.database_url, max_size=20) as pool:
        await _require_tables(pool)
        callers = Callers(Tokens(whose, pool.ring) if whose else None, ApiKeys(pool))
        kawal = Kawal(client, pool, callers)
        secrets = post.webhook_secrets if post else ()
        await serve(app(kawal, secrets, behaviour, traces=tracing.wanted()), host, port)
        await kawal.starting.settle(_PATIENCE_SECONDS)


async def _require_tables(pool: database.Pool) -> None:
    """Refuse a database that was not prepared. One that is away may come back: calls are answered with 503 until then.

    Raises:
        AwayError: it has no tables of ours.
    """
    try:
        if not await pool.fetchval("select to_regclass('policy_versions') is not null"):
            raise AwayError("the database has no tables of Kawal yet: run kawal init")
    except database.AWAY as problem:
        structlog.get_logger("gateway").warning("the database is away", problem=type(problem).__name__)
