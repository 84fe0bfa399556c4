"""One call of the Open311 interface: what it works with, what it gives, and who makes it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request

from gateway.api.problems import ProblemError, away, field_problem
from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.kawal import Kawal
from gateway.open311.given import Given
from schemas.access import Caller
from schemas.policy import Policy
from storage import policies


@dataclass(frozen=True)
class Call:
    """One call."""

    request: Request
    kawal: Kawal
    given: Given

    def named(self, what: str) -> str:
        """Return what the path names: a service's code, a request's id or a token."""
        return str(self.request.path_params[what])


async def caller_of(call: Call) -> Caller | None:
    """Return who calls; None when nothing says so: most of Open311 is open to everybody.

    Raises:
        ProblemError: 403, nobody knows the key or token; 503, it cannot be checked now.
    """
    credential = _credential(call)
    if credential is None:
        return None
    try:
        caller = await call.kawal.identity.caller(credential)
    except UnknownCallerError as error:
        raise field_problem(403, "api_key", str(error)) from error
    except IdentityAwayError as error:
        raise away("keys cannot be checked now: try again in a moment") from error
    call.request.state.caller = caller
    return caller


def _credential(call: Call) -> str | None:
    headers = call.request.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    return call.given.one("api_key") or headers.get("x-api-key") or bearer or None


async def policy_of(call: Call) -> Policy:
    """Return the policy in force that jurisdiction_id names; without one, the only one there is.

    Raises:
        ProblemError: 404, none has this name; 400, several are in force and none was named; 503, none is in force.
    """
    found = await policies.in_force(call.kawal.pool, datetime.now(UTC))
    name = call.given.one("jurisdiction_id")
    if name is not None and name not in found:
        raise field_problem(404, "jurisdiction_id", "there is none with this name")
    if name is not None:
        return found[name]
    if len(found) > 1:
        raise field_problem(400, "jurisdiction_id", f"several are served here: name one of {', '.join(sorted(found))}")
    if not found:
        raise ProblemError(503, "no policy is in force here yet: tell those who run this")
    return next(iter(found.values()))
