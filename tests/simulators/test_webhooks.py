from collections import Counter

from tests.simulators.customer import events, happens, place
from tests.simulators.listening import listening
from tests.simulators.running import RunningCarrier, carrier_running

FAST = 8_640_000
EVENTS_OF_ONE = 8


async def orders(carrier: RunningCarrier, count: int) -> None:
    for number in range(count):
        await place(carrier, f"order-{number}")


async def test_every_event_is_told_with_a_signature_that_the_standard_library_verifies() -> None:
    async with listening() as listener, carrier_running(speed=FAST, **listener.settings) as carrier:
        order_id = await place(carrier, "told")
        await listener.until(lambda it: len(it.genuine) == EVENTS_OF_ONE)
        facts = await carrier.until_quiet()
        known = await events(carrier, order_id)

    assert sorted(listener.events, key=str) == sorted(known, key=str)
    assert listener.forged == 0
    assert facts["webhooks"]["sent"] == facts["webhooks"]["accepted"] == EVENTS_OF_ONE


async def test_what_is_not_answered_with_success_is_sent_again() -> None:
    async with listening() as listener, carrier_running(**listener.settings, retry_seconds=0.01) as carrier:
        listener.refuses_next = 3
        await place(carrier, "again")
        await listener.until(lambda it: len(it.genuine) == 1)
        facts = await carrier.until(lambda facts: facts["webhooks"]["waiting"] == 0)

    assert listener.statuses == ["confirmed"]
    assert facts["webhooks"]["sent"] == 4
    assert facts["webhooks"]["unanswered"] == 3


async def test_a_webhook_that_nobody_takes_is_given_up_after_its_tries() -> None:
    async with listening() as listener, carrier_running(**listener.settings, retry_seconds=0, tries=3) as carrier:
        listener.refuses_next = 100
        await place(carrier, "given up")
        facts = await carrier.until(lambda facts: facts["webhooks"]["given_up"] == 1)

    assert (facts["webhooks"]["sent"], facts["webhooks"]["waiting"]) == (3, 0)


async def test_dropped_webhooks_are_never_sent_and_the_events_are_there_for_whoever_asks() -> None:
    async with listening() as listener, carrier_running(speed=FAST, drop=0.5, **listener.settings) as carrier:
        await orders(carrier, 10)
        facts = await carrier.until_quiet()

    dropped = facts["webhooks"]["dropped"]
    assert 10 < dropped < 70
    assert len(listener.genuine) == facts["webhooks"]["sent"] == facts["events"] - dropped
    assert facts["events"] == 10 * EVENTS_OF_ONE


async def test_duplicates_come_under_the_same_id() -> None:
    faults = {"duplicate": 0.5, "reorder_seconds": 0.05}
    async with listening() as listener, carrier_running(speed=FAST, **faults, **listener.settings) as carrier:
        await orders(carrier, 5)
        facts = await carrier.until_quiet()

    twice = [webhook_id for webhook_id, times in Counter(listener.ids).items() if times == 2]
    assert len(set(listener.ids)) == facts["events"]
    assert len(twice) == facts["webhooks"]["duplicated"] > 0


async def test_reordered_webhooks_are_overtaken() -> None:
    faults = {"reorder": 0.5, "reorder_seconds": 0.5}
    async with listening() as listener, carrier_running(speed=FAST, **faults, **listener.settings) as carrier:
        await orders(carrier, 3)
        facts = await carrier.until_quiet()

    moments = [event["occurred_at"] for event in listener.events]
    assert len(moments) == facts["events"]
    assert moments != sorted(moments)
    assert facts["webhooks"]["reordered"] > 0


async def test_forged_copies_say_something_else_and_nobody_who_checks_believes_them() -> None:
    async with listening() as listener, carrier_running(speed=FAST, forge=1, **listener.settings) as carrier:
        await orders(carrier, 2)
        facts = await carrier.until_quiet()

    counted = facts["webhooks"]
    assert listener.forged == counted["forged"] == counted["refused"] == facts["events"]
    assert counted["forged_accepted"] == 0
    assert Counter(listener.statuses)["delivered"] == 2


async def test_a_replayed_webhook_is_the_old_one_as_it_was() -> None:
    async with listening() as listener, carrier_running(replay=1, **listener.settings) as carrier:
        order_id = await place(carrier, "replayed")
        await carrier.until(lambda facts: facts["webhooks"]["accepted"] == 1)
        await happens(carrier, order_id, "allocated")
        await listener.until(lambda it: len(it.genuine) == 3)
        facts = await carrier.until(lambda facts: facts["webhooks"]["waiting"] == 0)

    assert sorted(listener.statuses) == ["allocated", "confirmed", "confirmed"]
    assert len(set(listener.ids)) == 2
    assert facts["webhooks"]["replayed"] == 1
