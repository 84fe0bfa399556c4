"""How the carrier says no."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException


class Refused(Exception):  # noqa: N818 - nothing went wrong: it is an answer
    """A call that is answered with an error; `beside` is what the answer carries beside it."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None, **beside: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error(code, message, field), **beside}


def error(code: str, message: str, field: str | None = None) -> dict[str, str]:
    """Return the error of an answer; it names a field where that helps, and never its value."""
    return {"code": code, "message": message, **({"field": field} if field else {})}


def answer_refusals(app: FastAPI) -> None:
    """Let an app answer whatever it refuses in the carrier's own way."""

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:
        return JSONResponse(refusal.body, refusal.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, problem: RequestValidationError) -> JSONResponse:
        return _invalid(problem.errors()[0])

    @app.exception_handler(ValidationError)
    async def invalid_setting(_: Request, problem: ValidationError) -> JSONResponse:
        return _invalid(problem.errors()[0])

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, problem: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error("unknown", str(problem.detail))}, problem.status_code)


def _invalid(first: ErrorDetails | dict[str, Any]) -> JSONResponse:
    place = list(map(str, first["loc"]))
    if place and place[0] in ("body", "header", "path", "query"):
        del place[0]
    return JSONResponse({"error": error("invalid", str(first["msg"]), ".".join(place))}, 422)
