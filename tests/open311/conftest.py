from collections.abc import AsyncIterator

import pytest

from storage import policies
from tests.api.house import house_on
from tests.kawal import Kawal
from tests.open311.door import Door, new_key, policy


@pytest.fixture(scope="session")
async def door(kawal: Kawal) -> AsyncIterator[Door]:
    """The interface over the session's servers, with a worker, and a key."""
    published = policy()
    await policies.publish(kawal.pool, published)
    async with house_on(kawal) as house:
        yield Door(house, await new_key(house, "bridge"), "bridge", published)
