"""Servers for the tests of crashes alone: nobody else's may be killed."""

from collections.abc import AsyncIterator

import pytest

from tests.crashes.site import Site, running_site

pytest.register_assert_rewrite("tests.crashes.once")


@pytest.fixture(scope="package")
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site
