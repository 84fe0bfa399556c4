"""Errors as Open311 tells them: a list of codes and descriptions, in the format that was asked for."""

import structlog
from fastapi import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from temporalio.service import RPCError

from gateway.api.problems import ProblemError, away, late, of_fields, of_refusal, where
from gateway.open311.documents import Document, Format, response
from gateway.refusals import NoAnswerError, NotFoundError, RefusedError
from runtime.temporal import TemporalAwayError
from storage import database
from storage.persons import ErasedError

_log = structlog.get_logger("open311")

_SPOKEN = frozenset({403, 404, 413, 429})
"""GeoReport v2 knows 403 for keys, 404 for what is not there, and 400 for all else that a caller can mend. That
something is too large, or came too often, is HTTP's to say: before any route, too."""


def told(error: Exception, written: Format) -> Response:
    """Return the answer to a call that came to nothing. What is ours to mend is logged, by its kind alone."""
    problem = _problem(error)
    status = problem.status if problem.status in _SPOKEN or problem.status >= 500 else 400
    said = [f"{one.field}: {one.problem}" for one in problem.errors] or [problem.detail]
    document = Document("errors", [{"code": status, "description": description} for description in said])
    kept = {name: value for name, value in problem.headers.items() if name.lower() == "retry-after"}
    return response(document, written, status, kept)


def _problem(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case HTTPException():
            return ProblemError(error.status_code, str(error.detail), headers=error.headers)
        case ValidationError():
            return of_fields(error.errors(include_input=False, include_url=False))
        case RefusedError():
            return of_refusal(error)
        case ClientDisconnect():
            return ProblemError(400, "the call ended before all of it had arrived")
        case NotFoundError() | ErasedError():
            return ProblemError(404, str(error))
        case NoAnswerError():
            return late(f"{error}: it may still take effect; send it again with its key")
        case _:
            return _ours(error)


def _ours(error: Exception) -> ProblemError:
    if isinstance(error, (RPCError, TemporalAwayError, *database.AWAY)) and not isinstance(error, database.UNFIT):
        _log.warning("something is away", problem=type(error).__name__)
        return away("something that is needed is away: try again in a moment")
    _log.error("a call broke", problem=type(error).__name__, where=where(error))
    return ProblemError(500, "something broke here: tell those who run this")
