"""What is said about a place becomes a region and an addressee, and a complaint from outside is referred there."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.places import Places
from domain.regions import parents
from gateway import places
from gateway.places import How, Located, located
from schemas.case import TriageReason
from schemas.complaint import Intake, Place
from schemas.policy import Policy
from schemas.status import Status
from storage import policies
from storage.policy_pack import load_pack
from tests import making
from tests.kawal import Kawal
from tests.policies.drawn import drawn_pack, needs_boundaries
from tests.policies.packs import LAMPUNG, lampung

PALEMBANG = Place(latitude=-2.99, longitude=104.76)
OCEAN = Place(latitude=-8, longitude=100)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_pack(drawn_pack(tmp_path_factory.mktemp("lampung")))


async def test_a_place_in_the_province_has_its_region_and_nobody_is_referred() -> None:
    assert await located(lampung(), place=Place(latitude=-5.43, longitude=105.26)) == Located(
        region="18.71", how=How.CENTRE
    )


async def test_a_place_outside_has_an_addressee() -> None:
    assert await located(lampung(), place=PALEMBANG) == Located(region="16", referral="LAPOR-16", how=How.CENTRE)
    assert await located(lampung(), place=OCEAN) == Located(region="elsewhere", referral="LAPOR", how=How.OUTSIDE)


async def test_a_region_outside_has_its_addressee_without_any_place() -> None:
    assert await located(lampung(), region="36") == Located(region="36", referral="LAPOR-36", how=How.GIVEN)


async def test_it_is_said_when_a_given_region_is_not_where_the_place_lies() -> None:
    found = await located(lampung(), place=PALEMBANG, region="18.71")

    assert (found.region, found.differs) == ("16", True)
    assert (await located(lampung(), place=PALEMBANG, region="moon")).differs
    assert not (await located(lampung(), place=PALEMBANG, region="16")).differs


async def test_nothing_that_is_known_is_no_region() -> None:
    nowhere = Located(how=How.UNKNOWN)

    assert await located(lampung()) == nowhere
    assert await located(lampung(), place=Place(latitude=0, longitude=0)) == nowhere
    assert await located(lampung(), postal_code="35551", region="moon") == nowhere, "this pack has no postal codes"


@needs_boundaries
async def test_boundaries_and_postal_codes_say_the_district(drawn: Policy) -> None:
    port = Place(latitude=-5.4706, longitude=105.3206)

    assert await located(drawn, place=port, region="18.01") == Located(
        region="18.71.04", how=How.BOUNDARY, differs=True
    )
    assert await located(drawn, place=port, region="18.71.05") == Located(region="18.71.05", how=How.KEPT)
    assert await located(drawn, postal_code="35362") == Located(region="18.01.04", how=How.POSTAL_CODE)
    assert await located(drawn, place=PALEMBANG, postal_code="35362") == Located(
        region="16", referral="LAPOR-16", how=How.CENTRE
    )


async def test_many_who_ask_at_once_have_a_version_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = []

    class Counted(Places):
        def __init__(self, policy: Policy) -> None:
            prepared.append(policy.version)
            super().__init__(policy)

    monkeypatch.setattr(places, "Places", Counted)
    versions = [making.policy(name=f"places-{n}") for n in range(20)]

    for policy in versions:
        found = await asyncio.gather(*(located(policy, region="north") for _ in range(8)))
        assert {one.region for one in found} == {"north"}

    assert prepared == [policy.version for policy in versions]
    assert len(places._ready) <= places._MOST, "old versions are forgotten"
    assert versions[-1].version in places._ready


_DEGREES = st.floats(-90, 90)


@settings(max_examples=300, deadline=None)
@given(
    place=st.none() | st.builds(Place, latitude=_DEGREES, longitude=st.floats(-180, 180)),
    postal_code=st.none() | st.text(max_size=10),
    region=st.none() | st.text(max_size=10) | st.sampled_from(sorted(parents(lampung()))),
)
def test_whatever_is_said_nothing_is_raised(place: Place | None, postal_code: str | None, region: str | None) -> None:
    found = asyncio.run(located(lampung(), place=place, postal_code=postal_code, region=region))

    assert (found.region is None) == (found.how is How.UNKNOWN)
    assert (found.referral is not None) == (found.region in ("16", "17", "31", "36", "elsewhere"))


# ---- Complaints ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def published(kawal: Kawal) -> Policy:
    policy = load_pack(LAMPUNG)
    await policies.publish(kawal.pool, policy)
    return policy


@pytest.mark.parametrize("category", ["road-province", "road-national", "app", "unheard-of"])
async def test_a_complaint_about_a_place_outside_is_referred_there_whatever_it_is_about(
    kawal: Kawal, published: Policy, category: str
) -> None:
    found = await located(published, place=PALEMBANG)
    given = Intake(channel="super-app", category=category, region=found.region, text="Jalan rusak", place=PALEMBANG)

    complaint = await kawal.starter.submit(given, policy_name=published.name)
    await kawal.routed(complaint.case_id)
    case = await kawal.stored(complaint.case_id)

    assert (case.triage_reason, case.queue) == (TriageReason.OUTSIDE_AUTHORITY, "meja-verifikasi")
    assert (case.suggested_addressee, case.status) == ("LAPOR-16", Status.VERIFYING)

    await kawal.starter.send(
        complaint.case_id,
        making.message("refer", addressee=case.suggested_addressee),
        text="Silakan menyampaikan kepada Provinsi Sumatera Selatan",
    )

    assert (await kawal.stored(complaint.case_id)).status is Status.REFERRED


def test_only_the_place_makes_it_somebody_elses() -> None:
    plans = {r: making.plan_of(lampung(), category="road-province", region=r) for r in ("36", "18.06")}

    assert plans["36"].suggested_addressee == "LAPOR-36"
    assert plans["36"].triage_reason is TriageReason.OUTSIDE_AUTHORITY
    assert (plans["18.06"].agency, plans["18.06"].suggested_addressee) == ("BMBK", None)
