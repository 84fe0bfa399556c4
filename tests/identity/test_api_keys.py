"""Keys of systems: what opens, what does not any more, and that nobody finds a secret where keys are kept."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from domain.access import Verdict, verdict
from gateway.identity.api_keys import POSSIBLE_SCOPES, ApiKeys, make
from gateway.identity.callers import Callers
from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.identity.oidc import Tokens
from gateway.refusals import RefusedError
from local.issuer import Issuer
from local.ports import LOOPBACK, free_port
from schemas.access import Action, Caller, CallerRole, Relation
from storage import api_keys, database
from storage.api_keys import ApiKey
from storage.database import Pool
from tests.callers import bearer, identity
from tests.identity.provider import Clock


@dataclass
class Made:
    """A key, and what its system presents."""

    key: ApiKey
    credential: str


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(pool: Pool, clock: Clock) -> ApiKeys:
    return ApiKeys(pool, clock=clock)


async def made(pool: Pool, **given: Any) -> Made:
    return Made(*await make(pool, **{"name": "Super-app", "channel": "super-app", "made_by": "tests"} | given))


@pytest.fixture
async def one(pool: Pool) -> Made:
    return await made(pool)


async def refusal(keys: ApiKeys, credential: str) -> str:
    """Return why a key is refused; nothing of it stands in the words or logs."""
    with capture_logs() as logs, pytest.raises(UnknownCallerError) as refused:
        await keys.caller(credential)
    assert credential not in f"{refused.value} {logs}"
    assert credential[-43:] not in f"{refused.value} {logs}"
    return str(refused.value)


async def last_used(pool: Pool, one: Made) -> datetime | None:
    found = await api_keys.find(pool, one.key.key_id)
    assert found
    return found[0].last_used_at


async def test_a_key_says_which_system_calls(keys: ApiKeys, one: Made) -> None:
    assert re.fullmatch(r"kwl_[a-z]{10}_[A-Za-z0-9_-]{43}", one.credential)
    assert await keys.caller(one.credential) == Caller(
        id=f"key-{one.key.key_id}",
        role=CallerRole.SYSTEM,
        channel="super-app",
        scopes=frozenset({Action.SUBMIT, Action.SEE, Action.SPEAK, Action.READ_TEXT}),
    )


async def test_a_key_opens_its_scopes_alone(pool: Pool, keys: ApiKeys) -> None:
    narrow = await made(pool, scopes=[Action.SUBMIT])

    caller = await keys.caller(narrow.credential)

    assert verdict(caller, Action.SUBMIT, Relation.OWN) is Verdict.ALLOWED
    assert verdict(caller, Action.SEE, Relation.OWN) is Verdict.FORBIDDEN
    assert verdict(caller, Action.SEE, Relation.OTHER) is Verdict.HIDDEN


async def test_a_secret_of_another_key_or_of_none_opens_nothing(pool: Pool, keys: ApiKeys, one: Made) -> None:
    other = await made(pool)
    assert await keys.caller(one.credential)  # known by now: a wrong secret is no better for that
    for credential in (
        one.credential[:-43] + other.credential[-43:],
        one.credential[:-1] + ("A" if one.credential[-1] != "A" else "B"),
        f"kwl_{'z' * 10}_{one.credential[-43:]}",
    ):
        assert await refusal(keys, credential) == "the key is not one of ours"


@pytest.mark.parametrize(
    "cut", [lambda key: key[:-1], lambda key: key + "A", lambda key: key[:20], lambda key: key + "\n"]
)
async def test_a_key_that_is_not_whole_is_said_not_to_be(keys: ApiKeys, one: Made, cut: Any) -> None:
    assert "the key is not whole" in await refusal(keys, cut(one.credential))


async def test_a_revoked_key_opens_nothing(pool: Pool, keys: ApiKeys, one: Made) -> None:
    revoked = await api_keys.revoke(pool, one.key.key_id, datetime.now(UTC))

    assert await refusal(keys, one.credential) == "the key was revoked"
    later = await api_keys.revoke(pool, one.key.key_id, datetime.now(UTC) + timedelta(days=1))
    assert revoked
    assert later
    assert revoked.revoked_at == later.revoked_at


async def test_a_revocation_is_known_everywhere_within_five_seconds(
    pool: Pool, keys: ApiKeys, one: Made, clock: Clock
) -> None:
    assert await keys.caller(one.credential)
    await api_keys.revoke(pool, one.key.key_id, datetime.now(UTC))

    clock.now += 4.9
    assert await keys.caller(one.credential)
    clock.now += 0.1
    assert await refusal(keys, one.credential) == "the key was revoked"


async def test_a_key_that_was_removed_is_none_of_ours(pool: Pool, keys: ApiKeys, one: Made, clock: Clock) -> None:
    assert await keys.caller(one.credential)
    await pool.execute("delete from api_keys where key_id = $1", one.key.key_id)
    clock.now += 5

    assert await refusal(keys, one.credential) == "the key is not one of ours"


async def test_a_key_ends_by_itself_also_while_it_is_remembered(pool: Pool, keys: ApiKeys) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    short = await made(pool, expires_at=until)
    assert short.key.expires_at == until
    assert await keys.caller(short.credential)

    over = datetime.now(UTC)
    keys._looked[short.key.key_id].key = short.key.model_copy(update={"expires_at": over})
    assert await refusal(keys, short.credential) == "the key has expired"

    await pool.execute(
        "update api_keys set made_at = $2, expires_at = $3 where key_id = $1",
        *(short.key.key_id, over - timedelta(days=2), over),
    )
    assert await refusal(ApiKeys(pool), short.credential) == "the key has expired"


async def test_the_last_use_is_noted_once_a_minute(pool: Pool, keys: ApiKeys, one: Made, clock: Clock) -> None:
    assert await last_used(pool, one) is None
    await keys.caller(one.credential)
    first = await last_used(pool, one)
    assert first

    await ApiKeys(pool).caller(one.credential)  # in another process
    assert await last_used(pool, one) == first

    earlier = datetime.now(UTC) - timedelta(seconds=61)
    await pool.execute("update api_keys set last_used_at = $2 where key_id = $1", one.key.key_id, earlier)
    clock.now += 59.9
    await keys.caller(one.credential)
    assert await last_used(pool, one) == earlier
    clock.now += 0.1
    await keys.caller(one.credential)
    again = await last_used(pool, one)
    assert again
    assert again > earlier


async def test_a_refused_key_is_not_in_use(pool: Pool, keys: ApiKeys, one: Made) -> None:
    await refusal(keys, one.credential[:-43] + "x" * 43)

    assert await last_used(pool, one) is None


async def test_no_secret_is_in_the_database(pool: Pool, one: Made) -> None:
    secret = one.credential[-43:]
    row = await pool.fetchval("select api_keys::text from api_keys where key_id = $1", one.key.key_id)

    assert hashlib.sha256(secret.encode()).hexdigest() in row
    assert secret not in row
    assert secret.encode().hex() not in row
    assert secret not in repr(one.key)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scopes": [Action.WORK, Action.SEE]}, "scopes: no key opens work: choose of manage-webhooks"),
        ({"scopes": []}, "scopes: "),
        ({"name": ""}, "name: is empty"),
        ({"channel": "super app 081272345678"}, "channel: looks like a personal number"),
        ({"channel": "\n"}, "channel: is empty"),
        ({"channel": "api"}, "channel: is that of people who hand in something themselves"),
        ({"channel": "open311"}, "channel: is that of people who hand in something themselves"),
        ({"made_by": "siti@example.id"}, "made_by: is empty, too long, or has signs"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at: is over already"),
    ],
)
async def test_what_no_key_can_be_is_refused(pool: Pool, given: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await made(pool, **given)
    assert str(refused.value).startswith(said)
    assert "08127" not in str(refused.value)


def test_keys_open_what_systems_may_do() -> None:
    assert Action.READ_PERSON in POSSIBLE_SCOPES
    assert not POSSIBLE_SCOPES & {Action.WORK, Action.OVERSEE, Action.DECIDE, Action.SEE_READS, Action.DECODE}


async def test_while_the_database_is_away_a_key_is_known_for_five_seconds(
    pool: Pool, database_url: str, one: Made, clock: Clock
) -> None:
    own = await database.connect(database_url, ring=pool.ring)
    keys = ApiKeys(own, clock=clock)
    await keys.caller(one.credential)
    own.terminate()

    clock.now += 4.9
    assert await keys.caller(one.credential)
    clock.now += 0.1
    with pytest.raises(IdentityAwayError):
        await keys.caller(one.credential)


async def test_a_database_that_does_not_answer_is_away(pool: Pool, one: Made) -> None:
    nowhere = await database.connect(f"postgresql://nobody@{LOOPBACK}:{free_port()}/none", ring=pool.ring)

    with pytest.raises(IdentityAwayError):
        await ApiKeys(nowhere).caller(one.credential)
    nowhere.terminate()


async def test_two_keys_never_share_an_id(pool: Pool, one: Made) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await api_keys.store(pool, one.key, b"x" * 32)


async def test_tokens_and_keys_are_told_apart(pool: Pool, issuer: Issuer, one: Made) -> None:
    callers = identity(pool, issuer)
    token = bearer(issuer, "auditor")["Authorization"].removeprefix("Bearer ")

    assert (await callers.caller(token)).role is CallerRole.AUDITOR
    assert (await callers.caller(one.credential)).role is CallerRole.SYSTEM


async def test_without_a_provider_keys_alone_open(pool: Pool, tokens: Tokens, issuer: Issuer, one: Made) -> None:
    token = issuer.mint("auditor", sub="somebody-1")
    assert await Callers(tokens, ApiKeys(pool)).caller(token)
    alone = Callers(None, ApiKeys(pool))

    assert await alone.caller(one.credential)
    with pytest.raises(UnknownCallerError, match="no tokens are accepted here"):
        await alone.caller(token)
