from collections.abc import AsyncIterator

import pytest

from carriers.http_carrier import HttpCarrier
from tests.simulators.running import RunningCarrier, carrier_running


@pytest.fixture(scope="package")
async def post() -> AsyncIterator[RunningCarrier]:
    """A carrier at which everything takes as long as in life, for tests that change no setting."""
    async with carrier_running() as post:
        yield post


@pytest.fixture
async def carrier(post: RunningCarrier) -> AsyncIterator[HttpCarrier]:
    """The same, as Kawal reaches it."""
    async with HttpCarrier(post.url, post.key) as carrier:
        yield carrier
