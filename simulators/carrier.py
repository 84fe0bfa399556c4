"""A carrier that answers docs/carrier-api.md: `python -m simulators.carrier --port 8099`.

A foreign system: it shares no code with whom it carries for.
"""

import hmac
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header

from simulators.api import api
from simulators.control import control
from simulators.office import Office
from simulators.outages import Outages
from simulators.refusals import Refused, answer_refusals
from simulators.server import serve

DEFAULT_KEY = "simulator"


def app(*, key: str = DEFAULT_KEY, data: Path | None = None, **settings: Any) -> FastAPI:
    """Return a carrier, to be served by `simulators.server`, which can cut connections.

    Args:
        key: what its customers, and those who steer it, authorize with.
        data: the SQLite file that it remembers in, made if there is none; none: it forgets at the end.
        settings: those of `simulators.settings.Settings`, in place of what `data` holds.

    Raises:
        pydantic.ValidationError: a setting does not exist or has no such value.
    """
    office = Office(data, **settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with office.at_work():
            yield

    async def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
            raise Refused(401, "unauthorized", "the key is missing or wrong", field="Authorization")

    made = FastAPI(title="Simulated carrier", lifespan=lifespan, openapi_url=None, dependencies=[Depends(authorized)])
    made.include_router(api(office))
    made.include_router(control(office))
    made.add_middleware(Outages, store=office.store, settings=office.settings)
    answer_refusals(made)
    return made


def main() -> None:
    """Read the command line and serve."""
    parser = ArgumentParser(prog="python -m simulators.carrier", description="A simulated carrier on this machine.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default=DEFAULT_KEY, help="what callers authorize with (%(default)s)")
    parser.add_argument("--data", type=Path, help="SQLite file to remember in; without one, it forgets at the end")
    parser.add_argument("--speed", type=float, help="86400: a shipment's day passes in a second")
    given = parser.parse_args()
    settings = {} if given.speed is None else {"speed": given.speed}
    serve(app(key=given.key, data=given.data, **settings), port=given.port)


if __name__ == "__main__":
    main()
