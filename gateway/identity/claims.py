"""What the claims of a token say of its bearer. Errors name the claim and never its value, which may be personal."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.access import CHANNELS_IN_PERSON
from gateway.identity.api_keys import ACCOUNT_PREFIX
from gateway.identity.identity import UnknownCallerError
from privacy.ring import KeyRing
from runtime.identity import Claims
from schemas.access import Caller, CallerRole
from schemas.base import Reference

HASHED_PREFIX = "acct-"
_OURS = (HASHED_PREFIX, ACCOUNT_PREFIX)
"""How the names begin that we give: to a hashed account, to a key. No provider gives those."""

_IN_AN_AGENCY = (CallerRole.OPERATOR, CallerRole.SUPERIOR)
_REFERENCE: TypeAdapter[str] = TypeAdapter(Reference)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")

_MENDS = {
    "agency": "is no agency: write its code",
    "offices": "is no list of offices: write up to 20 as role@agency",
    "channel": "is no channel: write its code",
}


def caller_of(token: Mapping[str, Any], names: Claims, account: str) -> Caller:
    """Return who calls, by the claims of a verified token. Claims that the role has no use for are not looked at.

    Args:
        token: the claims.
        names: what they are called.
        account: the caller's id.

    Raises:
        UnknownCallerError: a claim is missing, or not as it has to be.
    """
    role = _role(_claim(token, names.role), names.role)
    given: dict[str, Any] = {"id": account, "role": role}
    if role in _IN_AN_AGENCY:
        given["agency"] = _needed(token, names.agency, role)
        offices = _claim(token, names.offices)
        given["offices"] = [offices] if isinstance(offices, str) else offices or []
    if role is CallerRole.SYSTEM:
        given["channel"] = _needed(token, names.channel, role)
    try:
        caller = Caller.model_validate(given)
    except ValidationError as error:
        field = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
        raise UnknownCallerError(f"claim {getattr(names, field)}: {_MENDS[field]}") from None
    if caller.channel in CHANNELS_IN_PERSON:
        raise UnknownCallerError(f"claim {names.channel}: is the channel of people who hand in something themselves")
    if any(office.rpartition("@")[2] != caller.agency for office in caller.offices):
        raise UnknownCallerError(f"claim {names.offices}: has an office of another agency than {names.agency} says")
    return caller


def account_of(issuer: str, subject: str, ring: KeyRing) -> str:
    """Return the id of an account: its `sub`, unless that may not stand in histories.

    An e-mail address or a number is turned into acct- and 32 letters: the first 128 bits of its keyed hash, so that
    nobody finds it out by trying all numbers there are. The same account always has the same id, as the index key of
    KAWAL_KEYS never changes. Letters alone, for digits in a row look like somebody's number.
    """
    if not subject.startswith(_OURS):
        try:
            return _REFERENCE.validate_python(subject)
        except ValidationError:
            pass  # it is hashed
    fingerprint = ring.fingerprint("account", f"{issuer}\0{subject}").hex()
    return HASHED_PREFIX + fingerprint[:32].translate(_LETTERS)


def _role(claim: Any, name: str) -> CallerRole:
    given = claim if isinstance(claim, list) else [claim]
    found = [role for role in CallerRole if role in given]
    if claim is None:
        raise UnknownCallerError(f"claim {name}: is missing: the account has no role here")
    if len(found) != 1:
        raise UnknownCallerError(f"claim {name}: has to hold exactly one of {', '.join(CallerRole)}")
    return found[0]


def _needed(token: Mapping[str, Any], name: str, role: CallerRole) -> Any:
    claim = _claim(token, name)
    if claim is None:
        raise UnknownCallerError(f"claim {name}: is missing, and the role {role} needs it")
    return claim


def _claim(token: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, which may hold dots itself, or lead into claims by dots."""
    if name in token:
        return token[name]
    for at in (at for at, sign in enumerate(name) if sign == "."):
        within = token.get(name[:at])
        if isinstance(within, dict) and (found := _claim(within, name[at + 1 :])) is not None:
            return found
    return None
