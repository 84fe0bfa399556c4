"""Saying no before any route is reached, in the words of the interface that was called."""

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.api.problems import ProblemError, answer
from gateway.open311.documents import Format
from gateway.open311.errors import told

_OPEN311 = "/open311"


async def tell(scope: Scope, receive: Receive, send: Send, problem: ProblemError) -> None:
    """Answer a call that goes no further."""
    if scope["path"].startswith(_OPEN311):
        response = told(problem, Format.JSON if scope["path"].endswith(".json") else Format.XML)
    else:
        response = answer(Request(scope), problem)
    await response(scope, receive, send)
