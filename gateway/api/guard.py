"""The gate of every route: who calls, and whether they may."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from domain import access
from domain.view import view
from gateway.api.problems import ProblemError, away, missing
from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.kawal import Kawal
from schemas.access import Action, Caller, Relation
from schemas.case import CaseState, CaseView
from storage import case_records, intake, personal_reads

_BEARER = HTTPBearer(auto_error=False, description="a token of the identity provider, or a key of ours")
_KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="a key of ours")


async def caller_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None,
    key: Annotated[str | None, Depends(_KEY)] = None,
) -> Caller:
    """Return who calls. Raises `ProblemError` 401 when nobody knows, 503 when it cannot be checked now."""
    credential = key or (bearer.credentials if bearer else None)
    if not credential:
        raise _unknown("who calls? Send a token or a key: Authorization: Bearer ..., or X-API-Key")
    try:
        caller: Caller = await request.app.state.kawal.identity.caller(credential)
    except UnknownCallerError as error:
        raise _unknown(str(error)) from error
    except IdentityAwayError as error:
        raise away("tokens cannot be checked now: try again") from error
    request.state.caller = caller
    return caller


def _unknown(detail: str) -> ProblemError:
    return ProblemError(401, detail, headers={"WWW-Authenticate": 'Bearer realm="kawal"'})


Who = Annotated[Caller, Depends(caller_of)]
"""Who calls."""


def check(caller: Caller, action: Action, relation: Relation, what: str) -> None:
    """Let a caller do something, or raise `ProblemError` 403 or 404, as the access table says."""
    verdict = access.verdict(caller, action, relation)
    if verdict is access.Verdict.HIDDEN:
        raise missing(what)
    if verdict is access.Verdict.FORBIDDEN:
        raise ProblemError(403, f"{caller.role} may not {action} here: see the table of who may do what")


async def case_for(kawal: Kawal, caller: Caller, action: Action, case_id: str) -> CaseView:
    """Return a case for a caller who may do something with it.

    One that was accepted a moment ago, or while Temporal is away, stands as received.

    Raises:
        ProblemError: 404, there is none, or none that the caller may know of; 403, the caller may not.
    """
    case = await case_records.case(kawal.pool, case_id)
    if case is None:
        accepted = await intake.accepted(kawal.pool, case_id)
        if accepted is None:
            raise missing("case")
        case = view(CaseState(complaint=accepted))
    relation = access.relation_to_case(caller, case, await intake.reported_by(kawal.pool, case_id))
    check(caller, action, relation, "case")
    return case


async def note_read(request: Request, kawal: Kawal, action: Action, subject: str, *fields: str) -> None:
    """Record that the caller is about to be shown something personal."""
    await personal_reads.record(
        kawal.pool, request.state.caller, action, subject, fields, getattr(request.state, "request_id", None)
    )
