"""What every route works with: one Temporal client, one database pool, and what stands on them."""

from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from gateway.identity.identity import Identity
from gateway.scorecards import Scorecards
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from gateway.starting import Starting
from runtime import settings
from storage import database


class Kawal:
    """All that routes call. It keeps no state of its own: any number may run over the same servers."""

    def __init__(
        self, client: Client, pool: database.Pool, identity: Identity, *, task_queue: str = settings.TASK_QUEUE
    ) -> None:
        """Stand on a client, which may connect later, and a pool; `identity` says who calls."""
        self.client = client
        self.pool = pool
        self.identity = identity
        self.cases = Starter(client, pool, task_queue)
        self.requests = ServiceRequests(client, pool, task_queue)
        self.registers = Scorecards(client, pool, task_queue)
        self.starting = Starting(self.cases, self.requests)


def _kawal(request: Request) -> Kawal:
    kawal: Kawal = request.app.state.kawal
    return kawal


Here = Annotated[Kawal, Depends(_kawal)]
"""What a route works with."""
