"""What docs/webhooks.md tells the developers of the other side holds."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.notices import Retries
from schemas.webhooks import EVENT_TYPES, PING
from storage import webhook_secrets, webhook_subscriptions, webhooks_out
from storage.database import Pool
from tests.channels.receiving import Receiver, dispatcher, forget_everything, receiving, subscribed
from tests.channels.test_webhooks_sending import committed

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def example(receiver: Receiver) -> Callable[[Any, bytes, set[str]], int]:
    """Return the function `take` of the document, with a receiver's secret."""
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert "whsec_..." in code
    names: dict[str, Any] = {}
    exec(code.replace("whsec_...", receiver.secret), names)
    take: Callable[[Any, bytes, set[str]], int] = names["take"]
    return take


async def test_the_example_takes_what_comes_once_and_refuses_what_is_forged(
    pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    await forget_everything(pool)
    async with receiving() as receiver:
        await subscribed(pool, receiver, "docs", channel="app")
        await committed(pool, "whd-docs", 1)
        assert (await dispatcher(pool).one_pass()).sent == 1
    [call], seen = receiver.calls, set[str]()
    take = example(receiver)
    assert [take(call.headers, call.body, seen) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "id.kawal.case.asked whd-docs assigned\n"
    assert take(call.headers, call.body.replace(b"assigned", b"resolved"), seen) == 401
    assert take({**call.headers, "webhook-timestamp": "1"}, call.body, seen) == 401


def test_the_types_that_it_names_are_there() -> None:
    named = set(re.findall(r"id\.kawal\.[a-z]+(?:\.[a-z-]+)?(?![a-z.*-])", TEXT))
    assert len(named) > 4
    assert named <= EVENT_TYPES | {PING}


def test_the_numbers_that_it_names_are_those_that_count() -> None:
    retries = Retries()
    assert (retries.tries, retries.first, retries.longest) == (16, timedelta(minutes=1), timedelta(hours=12))
    assert timedelta(days=3) < sum(map(retries.pause, range(1, retries.tries)), timedelta()) < timedelta(days=3.5)
    assert {webhooks_out.KEPT_FOR.days, webhook_secrets.SIGNS_ON_FOR.days, webhook_subscriptions.MOST} == {90, 1, 20}
