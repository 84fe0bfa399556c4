"""A benefit that a person gets once in a period is held by one request, and never paid out twice unseen."""

import asyncio
from typing import Any

import pytest

from domain.service_events import Event
from schemas.delivery import DeliveryStatus
from schemas.money import Money, MoneyKind
from schemas.service_request import RequestIntake, RequestStart
from storage import payments, recipients, service_requests
from storage.benefits import BenefitTakenError
from storage.database import Pool
from tests.storage import post_making as post
from tests.storage.post_making import NOON


def aid(national_id: str, **fields: Any) -> RequestIntake:
    recipient = post.intake().recipient.model_copy(update={"national_id": national_id})
    return post.intake(service="aid", amount=600_000, recipient=recipient, **fields)


async def ask(pool: Pool, request_id: str, intake: RequestIntake) -> RequestStart:
    version = await post.published(pool)
    return await service_requests.accept(
        pool, request_id, intake, f"rcp-{request_id}", version, NOON, once_per_period=True
    )


async def end(pool: Pool, started: RequestStart, outcome: DeliveryStatus | None = None) -> None:
    """Let a request end with nothing paid out: before it begins, or as its delivery ended."""
    request_id = started.request_id
    events: list[Event] = [post.UNPLANNED]
    if outcome is not None:
        events = [post.PLANNED_AS_AID, post.prepared(request_id), post.carried(request_id, outcome)]
    *_, last = made = post.requests(started, events)
    assert last.request.over_at is not None
    for request in made:
        await service_requests.commit(pool, request)


async def pay_out(pool: Pool, request_id: str, receipt: str) -> None:
    money = Money(
        kind=MoneyKind.PAYOUT,
        receipt=receipt,
        reference_id=f"{request_id}-d1.1",
        amount=600_000,
        at=NOON,
        request_id=request_id,
    )
    await payments.record(pool, money)


async def test_of_requests_for_one_benefit_that_come_at_once_one_has_it(pool: Pool) -> None:
    results = await asyncio.gather(
        *(ask(pool, f"bn-1-{n}", aid("1871010101900011")) for n in range(8)), return_exceptions=True
    )
    [winner] = [result for result in results if isinstance(result, RequestStart)]
    refused = [result for result in results if isinstance(result, BenefitTakenError)]
    assert len(refused) == 7
    assert {error.request_id for error in refused} == {winner.request_id}
    assert all("1871" not in str(error) for error in refused)


async def test_of_a_request_whose_benefit_is_taken_nothing_is_kept(pool: Pool) -> None:
    await ask(pool, "bn-2-first", aid("1871010101900012"))
    with pytest.raises(BenefitTakenError, match="period: the request bn-2-first has this benefit"):
        await ask(pool, "bn-2-second", aid("1871010101900012"))
    assert await recipients.find(pool, "rcp-bn-2-second") is None
    assert await pool.fetch("select from request_intakes where request_id = 'bn-2-second'") == []


async def test_the_same_request_again_keeps_its_benefit(pool: Pool) -> None:
    first = await ask(pool, "bn-3", aid("1871010101900013"))
    assert await asyncio.gather(*(ask(pool, "bn-3", aid("1871010101900013")) for _ in range(4))) == [first] * 4


async def test_another_period_or_person_is_another_benefit(pool: Pool) -> None:
    await ask(pool, "bn-4-1", aid("1871010101900014"))
    await ask(pool, "bn-4-2", aid("1871010101900014", period="2026-12"))
    await ask(pool, "bn-4-3", aid("1871010101900015"))


@pytest.mark.parametrize("outcome", [None, DeliveryStatus.RETURNED])
async def test_a_request_that_ends_with_nobody_having_got_anything_frees_its_benefit(
    pool: Pool, outcome: DeliveryStatus | None
) -> None:
    national_id = f"187101010190002{len(str(outcome))}"
    first = await ask(pool, f"bn-5-{outcome}-1", aid(national_id))
    await end(pool, first, outcome)
    await ask(pool, f"bn-5-{outcome}-2", aid(national_id))


async def test_a_request_whose_money_may_have_gone_to_somebody_keeps_its_benefit(pool: Pool) -> None:
    first = await ask(pool, "bn-6-1", aid("1871010101900016"))
    await end(pool, first, DeliveryStatus.MISDELIVERED)
    with pytest.raises(BenefitTakenError, match="bn-6-1"):
        await ask(pool, "bn-6-2", aid("1871010101900016"))


async def test_a_request_that_was_paid_out_keeps_its_benefit_whatever_its_end(pool: Pool) -> None:
    first = await ask(pool, "bn-7-1", aid("1871010101900017"))
    await pay_out(pool, "bn-7-1", "P-7")
    await end(pool, first)
    with pytest.raises(BenefitTakenError):
        await ask(pool, "bn-7-2", aid("1871010101900017"))


async def test_a_payout_told_of_after_the_benefit_was_freed_takes_it_again(pool: Pool) -> None:
    first = await ask(pool, "bn-8-1", aid("1871010101900018"))
    await end(pool, first)
    await pay_out(pool, "bn-8-1", "P-8")
    with pytest.raises(BenefitTakenError, match="bn-8-1"):
        await ask(pool, "bn-8-2", aid("1871010101900018"))


async def test_a_benefit_paid_out_twice_is_found_even_across_requests(pool: Pool) -> None:
    first = await ask(pool, "bn-9-1", aid("1871010101900019"))
    await end(pool, first)
    await ask(pool, "bn-9-2", aid("1871010101900019"))
    await pay_out(pool, "bn-9-2", "P-9-second")
    assert not [double for double in await payments.double_payouts(pool) if "bn-9-2" in double.request_ids]
    await pay_out(pool, "bn-9-1", "P-9-first")
    await pay_out(pool, "bn-9-1", "P-9-first")
    [double] = [double for double in await payments.double_payouts(pool) if "bn-9-2" in double.request_ids]
    assert (double.service, double.period, double.amount) == ("aid", "2026-11", 1_200_000)
    assert (double.request_ids, set(double.receipts)) == (("bn-9-1", "bn-9-2"), {"P-9-first", "P-9-second"})


async def test_a_request_without_a_benefit_that_was_paid_out_twice_is_found(pool: Pool) -> None:
    for receipt in ("P-10-1", "P-10-2"):
        await pay_out(pool, "bn-10", receipt)
    [double] = [double for double in await payments.double_payouts(pool) if double.request_ids == ("bn-10",)]
    assert (double.service, len(double.receipts)) == (None, 2)


async def test_what_a_benefit_is_known_by_has_to_be_given(pool: Pool) -> None:
    with pytest.raises(ValueError, match="period: this is given once in each period"):
        await ask(pool, "bn-11", aid("1871010101900020", period=None))
    nobody = post.intake().recipient.model_copy(update={"national_id": None})
    with pytest.raises(ValueError, match=r"recipient\.national_id: this is given once to each person"):
        await ask(pool, "bn-11", post.intake(recipient=nobody))
    assert await recipients.find(pool, "rcp-bn-11") is None
