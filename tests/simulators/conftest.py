from collections.abc import AsyncIterator

import pytest

from tests.simulators.running import RunningCarrier, carrier_running


@pytest.fixture(scope="package")
async def carrier() -> AsyncIterator[RunningCarrier]:
    """A carrier at which everything takes as long as in life, for tests that change no setting."""
    async with carrier_running() as carrier:
        yield carrier
