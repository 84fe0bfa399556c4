"""Everything that a delivery passes through, for real: workers, the carrier as a program, its signed webhooks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from schemas.calendar import Limit, Unit
from schemas.policy import Policy
from simulation.hurry import hurried
from storage.policy_pack import load_pack
from tests.post.house import DAY, House, Life, running_house

_PACK = Path(__file__).parent.parent.parent / "policies" / "lampung"
_A_DAY = timedelta(days=1).total_seconds()


def lampung() -> Policy:
    """Return the policy of Lampung, as its pack has it."""
    return load_pack(_PACK)


def paid_within_two_days(policy: Policy) -> Policy:
    """Return a policy under which nobody has longer to pay."""
    within = {"within": Limit(value=2, unit=Unit.DAYS)}
    services = tuple(
        service.model_copy(update={"payment": service.payment and service.payment.model_copy(update=within)})
        for service in policy.services
    )
    return policy.model_copy(update={"services": services})


@pytest.fixture(scope="session")
async def house(client: Client, database_url: str) -> AsyncIterator[House]:
    """The services of Lampung, in which a day lasts two seconds, for the carrier, too."""
    async with running_house(client, database_url, hurried(lampung(), day=DAY), "house", speed=_A_DAY / DAY) as house:
        yield house


@pytest.fixture(scope="session")
async def by_hand(client: Client, database_url: str) -> AsyncIterator[House]:
    """A house in which days last as long as in life: nothing happens by time, and to a shipment what a test says."""
    async with running_house(client, database_url, lampung(), "by-hand") as house:
        yield house


@pytest.fixture(scope="session")
async def deaf(client: Client, database_url: str) -> AsyncIterator[House]:
    """A house in which not one webhook comes in, and people have two days to pay."""
    policy = hurried(paid_within_two_days(lampung()), day=DAY)
    async with running_house(client, database_url, policy, "deaf", speed=_A_DAY / DAY, drop=1) as house:
        yield house


@pytest.fixture(scope="module")
async def lives(request: pytest.FixtureRequest, house: House) -> AsyncIterator[dict[str, asyncio.Task[Life]]]:
    """The lives that a module names in `LIVES`, all lived at the same time; each test waits for those it is about."""
    tasks = {name: asyncio.create_task(live(house)) for name, live in request.module.LIVES.items()}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
