"""The carrier as a whole: its books, its orders, its payments, and those who work on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from simulators.ledger import Ledger
from simulators.orders import Orders
from simulators.payments import Payments
from simulators.schedule import work_when_due
from simulators.settings import LiveSettings
from simulators.store import Store
from simulators.webhooks import Webhooks


class Office:
    """Everything that one simulated carrier consists of."""

    def __init__(self, data: Path | None, **settings: Any) -> None:
        """Open the office, going on with what `data` holds, if it is given and there."""
        self.store = Store(data)
        self.settings = LiveSettings(self.store, **settings)
        self.ledger = Ledger(self.store)
        self.webhooks = Webhooks(self.store, self.settings)
        self.orders = Orders(self.store, self.settings, self.ledger, self.webhooks)
        self.payments = Payments(self.store, self.ledger, self.webhooks)

    def change(self, **settings: Any) -> None:
        """Change settings; they hold from now on.

        Raises:
            pydantic.ValidationError: a setting does not exist or has no such value.
        """
        self.settings.change(**settings)
        self.orders.woken.set()
        self.webhooks.woken.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let shipments move and webhooks go out for as long as this lasts."""
        try:
            async with asyncio.TaskGroup() as group:
                workers = [
                    group.create_task(work_when_due(self.orders.work, self.orders.woken)),
                    group.create_task(work_when_due(self.webhooks.work, self.webhooks.woken)),
                ]
                yield
                for worker in workers:
                    worker.cancel()
        finally:
            await self.webhooks.close()
            self.store.close()
