from collections.abc import AsyncIterator

import pytest

from tests.api.house import House, house_on
from tests.kawal import Kawal


@pytest.fixture(scope="session")
async def house(kawal: Kawal) -> AsyncIterator[House]:
    """The interface over the session's servers, with a worker."""
    async with house_on(kawal) as house:
        yield house
