"""Every operation keeps what the description of the interface says, whoever calls, whatever they send."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from runtime.evidence import EvidenceSettings
from storage.objects import opened
from tests.api.contract import Contract, contract_of
from tests.api.contract_world import world_of
from tests.api.house import House, house_on
from tests.kawal import Kawal

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
async def house(kawal: Kawal, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_on(kawal) as house:
        house.app.state.evidence = opened(EvidenceSettings(folder=tmp_path_factory.mktemp("evidence")))
        yield house


@pytest.fixture(scope="module")
async def contract(house: House) -> Contract:
    return await contract_of(house, await world_of(house))


async def test_all(contract: Contract) -> None:
    import time
    bad = []
    for name in contract.operations:
        t = time.time()
        for f in (lambda: contract.hold(name, 5),):
            try:
                await asyncio.to_thread(f)
            except BaseException as e:
                import traceback
                bad.append((name, ''.join(traceback.format_exception(e))[-3500:]))
        print(name, time.time() - t, flush=True)
    for name, e in bad:
        print("=====", name, e)
    assert not bad
