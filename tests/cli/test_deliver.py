"""An agency has something carried as a case's remedy: who gets it is kept apart, and the case's page follows it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from domain.delivery_view import view as shipment
from domain.remedies import delivery_of, word_of
from gateway.recipients import reference_of
from schemas.delivery import DeliveryResult, DeliveryState
from schemas.delivery_status import DeliveryStatus
from storage import recipients
from tests.cli.calm import Calm, calm
from tests.cli.command import Dev
from tests.cli.test_cases import printed, words_of
from tests.life import Life

SITI = ("--name", "Siti Aminah", "--address", "Jalan Kartini 1", "--phone", "0812-7234-5678")
REFLECTORS = ("--service", "reflectors", *SITI)


@pytest.fixture(scope="module")
async def here(running: Dev) -> AsyncIterator[Calm]:
    async with calm(running, "remedies") as everything:
        yield everything


async def recipient_of(here: Calm, case: str) -> str:
    """Return the reference of whoever gets what a case has carried."""
    [remedy] = (await here.shell.document("show", case))["case"]["remedies"]
    return str(remedy["recipient"])


async def test_an_agency_has_something_carried_and_the_case_s_page_says_so(here: Calm) -> None:
    shell, case = here.shell, await here.road()
    ordered = await shell.ok("deliver", case, *REFLECTORS, "--agency", "BMBK")
    assert f"Done: case {case} is assigned" in ordered.out

    shown = words_of((await shell.ok("show", case)).out)
    assert "has carried reflectors, " in shown
    assert f": {case}-d1" in shown
    assert "delivery ordered" in shown
    assert "carried," not in shown.split("takes now")[1].split("on time")[0]
    document = await shell.document("show", case)
    [remedy] = document["case"]["remedies"]
    assert (remedy["service"], remedy["region"], remedy["outcome"]) == ("reflectors", "18.01", None)
    assert {delivery["delivery_id"] for delivery in document["deliveries"]} <= {f"{case}-d1"}


async def test_who_gets_it_is_in_the_database_and_the_phone_as_carriers_read_it(here: Calm) -> None:
    case = await here.road()
    where = ("--postal-code", "35111", "--latitude", "-5.41", "--longitude", "105.26", "--region", "18")
    await here.shell.ok("deliver", case, *REFLECTORS, *where)
    kept = await recipients.find(here.database, await recipient_of(here, case))
    assert kept is not None
    assert (kept.name, kept.address, kept.phone) == ("Siti Aminah", "Jalan Kartini 1", "+6281272345678")
    assert (kept.postal_code, kept.latitude, kept.longitude) == ("35111", -5.41, 105.26)


async def test_no_history_and_no_page_holds_who_gets_it(running: Dev, here: Calm) -> None:
    case = await here.road()
    await here.shell.ok("deliver", case, *REFLECTORS)
    client = await Client.connect(running.addresses["temporal"], namespace="remedies")
    told = [(await here.shell.ok("show", case, *options)).out.encode() for options in ((), ("--json",))]
    for workflow in (case, f"{case}-d1"):
        events = (await client.get_workflow_handle(workflow).fetch_history()).events
        told.append(b"".join(event.SerializeToString() for event in events))
    reference = (await recipient_of(here, case)).encode()
    assert all(reference in text for text in told[1:])
    for personal in (b"Siti", b"Kartini", b"72345678"):
        assert not any(personal in text for text in told)


async def test_the_same_message_again_is_one_delivery_to_the_same_person(here: Calm) -> None:
    case = await here.road()
    command = ("deliver", case, *REFLECTORS, "--message-id", "order-1")
    first = await here.shell.document(*command)
    assert await here.shell.document(*command) == first
    assert len((await here.shell.document("show", case))["case"]["remedies"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--phone", "halo"), "recipient.phone: is no phone number: write it as 0812... or +62812..., or leave it out"),
        (("--name", " "), "name: "),
        (("--postal-code", "351"), "postal_code: "),
        (("--latitude", "95"), "latitude: "),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)
async def test_what_is_wrong_with_a_recipient_is_named_before_anything_is_kept(
    here: Calm, options: tuple[str, ...], said: str
) -> None:
    case = await here.road()
    before = await here.database.fetchval("select count(*) from recipients")
    assert said in (await here.shell.run("deliver", case, *REFLECTORS, *options, "--json")).error
    assert await here.database.fetchval("select count(*) from recipients") == before
    assert (await here.shell.document("show", case))["case"]["remedies"] == []


async def test_nothing_is_kept_for_a_case_that_there_is_not(here: Calm) -> None:
    before = await here.database.fetchval("select count(*) from recipients")
    missing = await here.shell.run("deliver", "K000000-NOSUCHID", *REFLECTORS, "--json")
    assert missing.error == "case: there is none with the id K000000-NOSUCHID"
    assert await here.database.fetchval("select count(*) from recipients") == before


# ---- The page ------------------------------------------------------------------------------------------------------


def with_papers() -> Life:
    """Return a case that has papers carried."""
    life = Life()
    life.says("deliver", service="papers", recipient="recipient-1")
    return life


def test_a_remedy_is_shown_as_ordered_then_as_the_post_has_it_then_with_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    life = with_papers()
    assert "has carried papers, ordered: case-1-d1 next" in printed(life, capsys)

    start = delivery_of(life.state.complaint, life.state.remedies[0])
    held = shipment(DeliveryState(start=start)).model_copy(
        update={"status": DeliveryStatus.HELD, "waybill": "P26112200017"}
    )
    shown = printed(life, capsys, deliveries=[held])
    assert "has carried papers, held: case-1-d1, waybill P26112200017 next" in shown

    end = DeliveryResult(delivery_id="case-1-d1", status=DeliveryStatus.RETURNED, at=life.now)
    life.says(word_of(end))
    assert "has carried papers, returned: case-1-d1 next" in printed(life, capsys)


def test_an_end_that_came_when_the_case_was_over_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    life = with_papers()
    life.says("withdraw")
    start = delivery_of(life.state.complaint, life.state.remedies[0])
    delivered = shipment(DeliveryState(start=start)).model_copy(update={"status": DeliveryStatus.DELIVERED})
    assert "has carried papers, delivered: case-1-d1" in printed(life, capsys, deliveries=[delivered])


def test_a_case_says_which_service_it_prepares(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(Life(service="papers"), capsys)
    assert "prepares papers, which is carried once it is answered" in shown
    assert "due 2026-11-26 12:00:00 UTC" in shown


async def test_of_a_delivery_that_the_case_refuses_nobodys_address_is_kept(here: Calm) -> None:
    case = await here.road()
    refused = await here.shell.run("deliver", case, "--service", "flying-carpet", *SITI, "--message-id", "m-1")
    assert refused.status == 1
    assert "flying-carpet" in refused.err
    assert await recipients.find(here.database, reference_of(f"{case} m-1")) is None
