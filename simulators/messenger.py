"""A provider of messages that answers docs/messenger-api.md: `python -m simulators.messenger --port 8098`.

A foreign system: it shares no code with whom it sends for. It sends nothing to anybody, and keeps all in memory.
"""

import asyncio
import hmac
from argparse import ArgumentParser
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request

from simulators.phones import Behaviour, Message, Phones
from simulators.refusals import Refused, answer_refusals
from simulators.server import serve

DEFAULT_TOKEN = "simulator"  # noqa: S105 - guards nothing


def app(*, token: str = DEFAULT_TOKEN) -> FastAPI:
    """Return a provider, to be served by `simulators.server`, which can cut connections.

    Args:
        token: what its customers, and those who steer it, authorize with.
    """
    phones = Phones()

    async def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Refused(401, "unauthorized", "the token is missing or wrong", field="Authorization")

    made = FastAPI(title="Simulated messenger", openapi_url=None, dependencies=[Depends(authorized)])
    made.include_router(_api(phones))
    made.include_router(_control(phones))
    answer_refusals(made)
    return made


def _api(phones: Phones) -> APIRouter:
    calls = APIRouter()

    @calls.post("/messages", status_code=201)
    async def take(message: Message, request: Request) -> dict[str, str]:
        phones.calls += 1
        behaviour = phones.behaviour
        await asyncio.sleep(behaviour.delay_seconds)
        if behaviour.away == "hangs up":
            await _hang_up(request)
        if behaviour.away in ("unavailable", "hangs up") or await request.is_disconnected():
            raise Refused(503, "unavailable", "try again later")
        if behaviour.answers is not None:
            raise Refused(behaviour.answers, "as_told", "it was told to answer so")
        answer = phones.take(message)
        if behaviour.away == "hangs up once taken":
            await _hang_up(request)
        return answer

    return calls


def _control(phones: Phones) -> APIRouter:
    calls = APIRouter(prefix="/control")

    @calls.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "open"}

    @calls.get("/messages")
    async def messages() -> dict[str, Any]:
        return {"calls": phones.calls, "messages": phones.taken}

    @calls.delete("/messages")
    async def forget() -> dict[str, int]:
        phones.forget()
        return {"calls": 0}

    @calls.put("/behaviour")
    async def behave(behaviour: Behaviour) -> Behaviour:
        phones.behaviour = behaviour
        return behaviour

    return calls


async def _hang_up(request: Request) -> None:
    request.state.hang_up()
    while (await request.receive())["type"] != "http.disconnect":
        pass


def main() -> None:
    """Read the command line and serve."""
    parser = ArgumentParser(prog="python -m simulators.messenger", description="Simulated phones on this machine.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="what callers authorize with (%(default)s)")
    given = parser.parse_args()
    serve(app(token=given.token), port=given.port)


if __name__ == "__main__":
    main()
