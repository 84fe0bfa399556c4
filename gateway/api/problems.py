"""Errors as RFC 9457 problem details: what is wrong, in which field, and what would mend it."""

import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from temporalio.service import RPCError

from gateway.refusals import AWAY, NoAnswerError, NotFoundError, RefusedError
from runtime.temporal import TemporalAwayError
from schemas.base import Model
from storage import database
from storage.persons import ErasedError

MEDIA_TYPE = "application/problem+json"
SECONDS_UNTIL_BACK = 5

_log = structlog.get_logger("http")


class FieldProblem(Model):
    """What is wrong with one field."""

    field: str = Field(description="where: a path with dots, or the name of a header or parameter")
    problem: str = Field(description="what is wrong with it, and what would mend it; never what was given")


class Problem(Model):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    request_id: str | None = Field(default=None, description="names the call in our logs")


class ProblemError(Exception):
    """Raised anywhere below a route to answer with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.errors, self.headers = tuple(errors), dict(headers or {})


def field_problem(status: int, field: str, problem: str) -> ProblemError:
    """Return the error that one field is wrong."""
    return ProblemError(status, f"{field}: {problem}", errors=[FieldProblem(field=field, problem=problem)])


def missing(what: str) -> ProblemError:
    """Return the error that there is no such thing, or none that the caller may know of: both sound alike."""
    return ProblemError(404, f"{what}: there is none with this id")


def away(detail: str) -> ProblemError:
    """Return the error that something that is needed is away, and comes back."""
    return ProblemError(503, detail, headers={"Retry-After": str(SECONDS_UNTIL_BACK)})


def late(detail: str) -> ProblemError:
    """Return the error that no answer came in time."""
    return ProblemError(504, detail, headers={"Retry-After": str(SECONDS_UNTIL_BACK)})


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 429, 503, 504)
}
"""For the documentation of routes."""


def install(app: FastAPI) -> None:
    """Let every error of an interface be told as a problem."""
    for kind, meant in _MEANT.items():
        app.add_exception_handler(kind, _telling(meant))
    for kind in (RPCError, TemporalAwayError, *database.AWAY):
        app.add_exception_handler(kind, _gone)
    app.add_exception_handler(RuntimeError, _never_there)
    app.add_exception_handler(Exception, _broken)


def _telling(meant: Callable[[Any], ProblemError]) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def tell(request: Request, error: Exception) -> JSONResponse:
        return answer(request, meant(error))

    return tell


async def _broken(request: Request, error: Exception) -> JSONResponse:
    _log.error("a call broke", problem=type(error).__name__, where=where(error))
    return answer(request, ProblemError(500, "something broke here: tell those who run this, with the request id"))


async def _gone(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, database.UNFIT):
        return await _broken(request, error)
    if isinstance(error, RPCError) and error.status not in AWAY:
        _log.error("Temporal refused a call", problem=error.status.name)
        return answer(request, ProblemError(502, "Temporal refused this: tell those who run it"))
    _log.warning("something is away", problem=type(error).__name__)
    return answer(request, away("something that is needed is away: try again, with the same key"))


async def _never_there(request: Request, error: Exception) -> JSONResponse:
    """Tell apart that Temporal was away ever since we started: its client has no error of its own for that."""
    return await (_gone if str(error).startswith("Failed client connect") else _broken)(request, error)


def where(error: BaseException) -> list[str]:
    """Return through which lines of ours an error came: what it says itself may be personal."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(one.filename).stem}:{one.lineno}" for one in frames if "site-packages" not in one.filename]


def answer(request: Request, error: ProblemError) -> JSONResponse:
    """Return the response for a problem."""
    said = Problem(
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        errors=error.errors,
        request_id=getattr(request.state, "request_id", None),
    )
    return JSONResponse(
        said.model_dump(mode="json", exclude_none=True), error.status, error.headers, media_type=MEDIA_TYPE
    )


def of_fields(errors: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Return the error that fields are wrong, without what was given: it may be personal."""
    found = [_of_field(error) for error in errors]
    detail = "; ".join(f"{one.field}: {one.problem}" for one in found[:5])
    return ProblemError(422, detail or "cannot be read", errors=found)


def _of_field(error: Mapping[str, Any]) -> FieldProblem:
    if error["type"] == "json_invalid":
        return FieldProblem(field="body", problem=f"is no JSON from character {error['loc'][-1]} on: correct it")
    return FieldProblem(field=_path(error["loc"]), problem=str(error["msg"]))


def _path(location: Sequence[object]) -> str:
    named = [_plain(part) for part in location if part not in ("body", "query", "path", "header")]
    return ".".join(named) or "body"


_NAME = re.compile(r"[A-Za-z_][A-Za-z_-]{0,39}[0-9]{0,3}")


def _plain(part: object) -> str:
    """Return the name of a field; of one that a caller made up, only if it looks like a name of ours."""
    return str(part) if isinstance(part, int) or _NAME.fullmatch(str(part)) else "?"


_FIELD = re.compile(r"^([a-z_]+(?:\.[a-z_]+)*): (.+)$", re.DOTALL)


def of_refusal(error: RefusedError) -> ProblemError:
    """Return a refusal: of a field, when it names one; else of the case's standing."""
    if match := _FIELD.match(str(error)):
        return ProblemError(422, str(error), errors=[FieldProblem(field=match[1], problem=match[2])])
    return ProblemError(409, str(error))


def _of_http(error: HTTPException) -> ProblemError:
    return ProblemError(error.status_code, str(error.detail), headers=error.headers)


def _of_model(error: ValidationError) -> ProblemError:
    return of_fields(error.errors(include_input=False, include_url=False))


_MEANT: dict[type[Exception], Callable[[Any], ProblemError]] = {
    ProblemError: lambda error: error,
    HTTPException: _of_http,
    RequestValidationError: lambda error: of_fields(error.errors()),
    ValidationError: _of_model,
    RefusedError: of_refusal,
    NotFoundError: lambda error: ProblemError(404, str(error)),
    ClientDisconnect: lambda _: ProblemError(400, "the call ended before all of it had arrived"),
    ErasedError: lambda error: ProblemError(410, str(error)),
    NoAnswerError: lambda error: late(f"{error}: it may still take effect; send it again with its key"),
}
"""What each kind of error is told as."""
