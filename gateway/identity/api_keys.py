"""Keys of systems: made once, shown once, and known by the hash of their secret.

A key is looked up in the database for each call, but for five seconds after the last look: so one that is revoked opens
nothing more than five seconds later, in every process.
"""

import hashlib
import hmac
import re
import secrets
import string
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from domain.access import ACCESS, CHANNELS_IN_PERSON
from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.refusals import RefusedError
from schemas.access import Action, Caller, CallerRole
from schemas.problems import in_words
from storage import api_keys
from storage.api_keys import ApiKey
from storage.database import AWAY, Pool

PREFIX = "kwl_"
"""What every key begins with: finds keys that were left in code or logs."""

ACCOUNT_PREFIX = "key-"
"""With the key's id after it, it is the account of whoever calls with the key."""

POSSIBLE_SCOPES = frozenset(action for action, roles in ACCESS.items() if CallerRole.SYSTEM in roles)
"""What a key can open: what systems may do."""

USUAL_SCOPES = frozenset({Action.SUBMIT, Action.SEE, Action.SPEAK, Action.READ_TEXT})

_KEY = re.compile(r"kwl_([a-z]{10})_([A-Za-z0-9_-]{43})")
_REMEMBERED_SECONDS = 5.0
_NOTED_SECONDS = 60.0

_log = structlog.get_logger(__name__)


@dataclass
class _Looked:
    """What the database said of a key when it was last asked."""

    key: ApiKey
    secret_hash: bytes
    at: float


class ApiKeys:
    """Knows systems by their keys."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Know the keys of a database; `clock` counts seconds, from whenever."""
        self._pool, self._clock = pool, clock
        self._looked: dict[str, _Looked] = {}
        self._noted: dict[str, float] = {}

    async def caller(self, credential: str) -> Caller:
        """Return which system presents a key.

        Raises:
            UnknownCallerError: it is none, has run out or was revoked.
            IdentityAwayError: the database is away.
        """
        parts = _KEY.fullmatch(credential)
        if not parts:
            raise UnknownCallerError("the key is not whole: it is kwl_, ten letters, _ and 43 characters")
        key_id, secret = parts.groups()
        looked = await self._look(key_id)
        if looked is None or not hmac.compare_digest(looked.secret_hash, _hash(secret)):
            raise UnknownCallerError("the key is not one of ours")
        key, now = looked.key, datetime.now(UTC)
        if key.revoked_at:
            raise UnknownCallerError("the key was revoked")
        if key.expires_at and key.expires_at <= now:
            raise UnknownCallerError("the key has expired")
        await self._note_use(key_id, now)
        return Caller(id=f"{ACCOUNT_PREFIX}{key_id}", role=CallerRole.SYSTEM, channel=key.channel, scopes=key.scopes)

    async def _look(self, key_id: str) -> _Looked | None:
        """Return what the database says of a key. What it does not hold is asked for anew each time."""
        now = self._clock()
        looked = self._looked.get(key_id)
        if looked and now - looked.at < _REMEMBERED_SECONDS:
            return looked
        try:
            found = await api_keys.find(self._pool, key_id)
        except AWAY as error:
            raise IdentityAwayError("keys cannot be checked while the database is away") from error
        if found is None:
            self._looked.pop(key_id, None)
            return None
        self._looked[key_id] = _Looked(*found, at=now)
        return self._looked[key_id]

    async def _note_use(self, key_id: str, now: datetime) -> None:
        if self._clock() - self._noted.get(key_id, float("-inf")) < _NOTED_SECONDS:
            return
        self._noted[key_id] = self._clock()
        try:
            await api_keys.note_use(self._pool, key_id, now)
        except AWAY as error:  # nobody is turned away for that: the next minute's use is noted
            _log.warning("the use of a key was not noted", problem=type(error).__name__)


async def make(
    pool: Pool,
    *,
    name: str,
    channel: str,
    made_by: str,
    scopes: Collection[Action] = USUAL_SCOPES,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; return it, and what its system presents: a secret that nobody can show again.

    Raises:
        RefusedError: something given is not right; the text names it.
    """
    if wrong := sorted(set(scopes) - POSSIBLE_SCOPES):
        raise RefusedError(f"scopes: no key opens {', '.join(wrong)}: choose of {', '.join(sorted(POSSIBLE_SCOPES))}")
    if channel in CHANNELS_IN_PERSON:
        raise RefusedError("channel: is that of people who hand in something themselves: choose another")
    now = datetime.now(UTC)
    if expires_at and expires_at <= now:
        raise RefusedError("expires_at: is over already: choose a later moment, or none")
    key_id = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    try:
        key = ApiKey(
            key_id=key_id,
            name=name,
            channel=channel,
            scopes=frozenset(scopes),
            made_at=now,
            made_by=made_by,
            expires_at=expires_at,
        )
    except ValidationError as error:
        raise RefusedError(in_words(error)) from error
    secret = secrets.token_urlsafe(32)
    await api_keys.store(pool, key, _hash(secret))
    return key, f"{PREFIX}{key_id}_{secret}"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
