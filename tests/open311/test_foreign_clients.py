"""Clients that others wrote, as they come from PyPI, read and write without knowing Kawal."""

import asyncio
import itertools
from typing import Any

import civicbot.http  # type: ignore[import-untyped]
import georeport  # type: ignore[import-untyped]
import pytest
from civicbot.open311 import CONFIRM_TOKEN, Open311Client  # type: ignore[import-untyped]
from civicbot.registry import Endpoint  # type: ignore[import-untyped]

from storage import intake
from tests.open311.door import HERE, JURISDICTION, Door

LATITUDE, LONGITUDE = float(HERE["lat"]), float(HERE["long"])


# ---- georeport reads, in both formats


def georeport_on(door: Door, written: str) -> georeport.GeoReport:
    return georeport.GeoReport(door.url, jurisdiction=JURISDICTION, output_format=written)


@pytest.mark.parametrize("written", ["json", "xml"])
async def test_georeport_reads_services(door: Door, written: str) -> None:
    client = georeport_on(door, written)
    services = await asyncio.to_thread(client.get_service_list)
    definition = await asyncio.to_thread(client.get_service_definition, "hole/road")

    assert [service["service_code"] for service in services] == [category.code for category in door.policy.categories]
    asked = definition["attributes"] if written == "json" else definition["attributes"]["attribute"]
    assert [attribute["code"] for attribute in asked] == ["harms", "size", "metres", "since", "sign", "more"]


@pytest.mark.parametrize("written", ["json", "xml"])
async def test_georeport_reads_reports(door: Door, written: str) -> None:
    client, ids = georeport_on(door, written), [await door.report() for _ in range(2)]
    listed = await asyncio.to_thread(client.get_service_requests, service_request_id=",".join(ids))
    by_service = await asyncio.to_thread(client.get_service_requests, service_code="road", status="open")
    alone = await asyncio.to_thread(client.get_service_request, ids[0])

    assert {request["service_request_id"] for request in listed} == set(ids)
    assert set(ids) <= {request["service_request_id"] for request in by_service}
    assert (alone["service_request_id"], alone["status"]) == (ids[0], "open")


# ---- civicbot reads and writes


def civicbot_on(door: Door) -> Open311Client:
    endpoint = Endpoint(id="kawal", name="Kawal", base_url=door.url, write=True)
    transport = civicbot.http.HttpTransport(rate_limiter=civicbot.http.RateLimiter(min_interval=0))
    return Open311Client(endpoint, transport, jurisdiction_id=JURISDICTION)


async def test_civicbot_hands_a_report_in_and_reads_it_back(door: Door) -> None:
    client = civicbot_on(door)
    prepared = await asyncio.to_thread(
        client.create_request,
        "hole/road",
        dry_run=False,
        confirm=CONFIRM_TOKEN,
        api_key=door.key,
        validate_remote=True,
        lat=LATITUDE,
        lng=LONGITUDE,
        description="Lubang besar",
        email="siti@example.org",
        first_name="Siti",
        attributes={"size": "large", "harms": ["foot", "wheel"]},
    )
    case_id = prepared.response[0]["service_request_id"]

    kept = await intake.original(door.house.pool, case_id)
    assert kept is not None
    assert (kept.text, kept.attributes) == ("Lubang besar", {"size": "large", "harms": ("foot", "wheel")})
    read = await asyncio.to_thread(client.get_request, case_id)
    assert read is not None
    assert (read["service_request_id"], read["service_code"], read["description"]) == (case_id, "hole/road", None)
    listed = await asyncio.to_thread(client.list_requests, service_request_ids=[case_id])
    assert [request["service_request_id"] for request in listed] == [case_id]
    token = await asyncio.to_thread(client.get_token, case_id)
    assert token[0]["service_request_id"] == case_id


async def test_civicbot_hears_why_a_report_is_refused(door: Door) -> None:
    client = civicbot_on(door)

    with pytest.raises(civicbot.http.HttpError) as refused:
        await asyncio.to_thread(
            client.create_request,
            "hole/road",
            dry_run=False,
            confirm=CONFIRM_TOKEN,
            api_key=door.key,
            lat=LATITUDE,
            lng=LONGITUDE,
        )

    assert refused.value.status == 400
    assert "attribute[size]: is required" in refused.value.body


# ---- three reads and writes


@pytest.fixture(scope="session")
def three() -> Any:
    """The client, which was written for Python 2: what it misses, its users give it."""
    itertools.ifilter = filter  # type: ignore[attr-defined]
    import three  # type: ignore[import-untyped]  # noqa: PLC0415 - only once it has what it needs

    return three


async def test_three_reads_services_and_discovery(door: Door, three: Any) -> None:
    client = three.Three(door.url, jurisdiction=JURISDICTION)
    services = await asyncio.to_thread(client.services)
    definition = await asyncio.to_thread(client.services, "hole/road")
    discovered = await asyncio.to_thread(client.discovery)

    assert "road" in {service["service_code"] for service in services}
    assert definition["attributes"][1]["required"] is True
    assert discovered["endpoints"][0]["url"] == door.url


async def test_three_hands_a_report_in_and_reads_it_back(door: Door, three: Any) -> None:
    client = three.Three(door.url, jurisdiction=JURISDICTION, api_key=door.key)
    created = await asyncio.to_thread(
        client.post, "road", address="Jalan Mawar 1", name="Siti Contoh", phone="081200000001", description="Lubang"
    )
    case_id = created[0]["service_request_id"]

    kept = await intake.original(door.house.pool, case_id)
    assert kept is not None
    assert kept.reporter is not None
    assert (kept.text, kept.reporter.name, kept.attributes) == (
        "Lubang",
        "Siti Contoh",
        {"address_string": "Jalan Mawar 1"},
    )
    (read,) = await asyncio.to_thread(client.request, case_id)
    assert (read["service_request_id"], read["address"]) == (case_id, "")
    listed = await asyncio.to_thread(client.requests, "road", count=1000)
    assert case_id in {request["service_request_id"] for request in listed}
    (token,) = await asyncio.to_thread(client.token, case_id)
    assert token["service_request_id"] == case_id


async def test_three_hears_why_a_photo_is_refused(door: Door, three: Any) -> None:
    client = three.Three(door.url, jurisdiction=JURISDICTION, api_key=door.key)
    (error,) = await asyncio.to_thread(
        client.post, "road", address="Jalan Mawar 1", description="Lubang", media=b"photo"
    )

    assert error["description"].startswith("media: ")
