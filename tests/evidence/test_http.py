"""Photos and documents over HTTP: taken from who may send them, shown to who may read them, and nobody else."""

import asyncio
import io
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from gateway.evidence import linking
from gateway.evidence.arriving import LARGEST_BODY
from gateway.identity import api_keys
from runtime import settings
from schemas.access import Action, Caller, CallerRole
from schemas.complaint import Intake
from storage import evidence, personal_reads, policies
from tests import making
from tests.api.house import House, key
from tests.evidence.pictures import LAMPUNG, PLANTED, pdf, photo
from tests.evidence.uploads import an_account, erase, person_of, read_again

HTML = b"<html><script>alert(1)</script></html>"


async def sent(house: House, who: dict[str, str], content: bytes | None = None, **headers: str) -> dict[str, Any]:
    """Return the answer to an upload that is taken."""
    answer = await house.http.post("/v1/evidence", content=content or photo(), headers=who | key() | headers)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def said(answer: httpx.Response) -> dict[str, Any]:
    """Return a problem without the name of its call."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def begun(
    house: House, who: dict[str, str], announced: dict[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the two ends of a connection on which an upload was announced, and nothing of it sent."""
    url = house.http.base_url
    assert url.port is not None
    reading, writing = await asyncio.open_connection(url.host, url.port)
    headers = {"Host": url.host, "Connection": "close"} | announced | who | key()
    lines = ["POST /v1/evidence HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writing.write("\r\n".join(lines).encode())
    return reading, writing


async def a_routed_case(house: House, account: str, *uploads: str) -> str:
    """Return a case of the agency ROADS that somebody reported in person with some uploads."""
    await policies.publish(house.pool, making.policy())
    given = Intake(channel="api", category="road", region="north", text="A deep hole.", evidence=uploads)
    complaint = await house.kawal.starter.accept(given, policy_name="test", reported_by=account)
    await linking.link(house.pool, complaint.case_id, uploads, Caller(id=account, role=CallerRole.REPORTER))
    await house.kawal.starter.start(complaint)
    await house.kawal.routed(complaint.case_id)
    return complaint.case_id


@pytest.fixture
def account() -> str:
    return an_account()


@pytest.fixture
def reporter(house: House, account: str) -> dict[str, str]:
    return house.as_("reporter", id=account)


async def test_an_upload_is_answered_with_what_it_is_and_where_it_was_taken(
    house: House, reporter: dict[str, str]
) -> None:
    told = await sent(house, reporter)
    assert told["content_type"] == "image/jpeg"
    assert told["bytes"] == len(photo())
    assert (told["width"], told["height"]) == (48, 32)
    assert told["place"] == {"latitude": LAMPUNG[0], "longitude": LAMPUNG[1]}
    assert told["case_id"] is None
    assert (await house.http.get(f"/v1/evidence/{told['evidence_id']}", headers=reporter)).json() == told


async def test_a_form_is_taken_like_a_body_and_what_it_says_of_its_file_decides_nothing(
    house: House, reporter: dict[str, str]
) -> None:
    files = {"file": ("run.html", photo("PNG"), "text/html")}
    answer = await house.http.post("/v1/evidence", files=files, headers=reporter | key())
    assert answer.status_code == 201
    assert answer.json()["content_type"] == "image/png"
    shown = await house.http.get(f"/v1/evidence/{answer.json()['evidence_id']}/content", headers=reporter)
    assert shown.headers["content-type"] == "image/png"


async def test_a_large_form_never_lies_on_the_disk_in_clear(
    house: House, reporter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    files = {"file": ("scan.pdf", pdf(size=3 * 1024 * 1024))}
    answer = await house.http.post("/v1/evidence", files=files, headers=reporter | key())
    assert answer.status_code == 201, answer.text


async def test_others_are_shown_the_picture_and_nothing_else(
    house: House, reporter: dict[str, str], folder: Path
) -> None:
    told = await sent(house, reporter)
    shown = await house.http.get(f"/v1/evidence/{told['evidence_id']}/content", headers=reporter)
    assert shown.status_code == 200
    assert PLANTED not in shown.content
    assert Image.open(io.BytesIO(shown.content)).size == (48, 32)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-disposition"] == "inline"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "private, no-store"
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert not [content for content in kept if PLANTED in content or b"\xff\xd8\xff" in content]


async def test_a_document_is_given_to_keep_and_not_to_open_in_the_page(house: House, reporter: dict[str, str]) -> None:
    told = await sent(house, reporter, pdf(), **{"Content-Type": "text/html"})
    shown = await house.http.get(f"/v1/evidence/{told['evidence_id']}/content", headers=reporter)
    assert (shown.content, shown.headers["content-type"]) == (pdf(), "application/pdf")
    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", [HTML, b"<svg onload='alert(1)'/>", b"GIF89a" + HTML], ids=["html", "svg", "gif"])
@pytest.mark.parametrize("way", ["form", "body"])
async def test_nothing_but_photos_and_documents_is_taken(
    house: House, reporter: dict[str, str], content: bytes, way: str
) -> None:
    sending: dict[str, Any] = {"files": {"file": ("photo.jpg", content, "image/jpeg")}}
    if way == "body":
        sending = {"content": content}
        reporter |= {"Content-Type": "image/jpeg"}
    answer = await house.http.post("/v1/evidence", headers=reporter | key(), **sending)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "file"
    assert "JPEG, PNG and WebP up to 10 MiB, and PDF up to 20 MiB" in answer.text
    assert "alert" not in answer.text


@pytest.mark.parametrize(
    ("status", "sending"),
    [
        (422, {"content": photo()[:300]}),
        (422, {"content": b""}),
        (422, {"files": {"picture": ("a.jpg", photo())}}),
        (422, {"data": {"file": "not a file"}, "files": {"other": ("a.jpg", photo())}}),
        (400, {"files": [("file", ("a.jpg", photo())), ("file", ("b.jpg", photo()))]}),
        (400, {"content": b"no form", "headers": {"Content-Type": "multipart/form-data"}}),
        (413, {"content": photo().ljust(10 * 1024 * 1024 + 1, b"\0")}),
    ],
    ids=["cut short", "empty", "another field", "words", "two files", "no form", "too large a photo"],
)
async def test_what_cannot_be_taken_is_refused_with_what_would_mend_it(
    house: House, reporter: dict[str, str], status: int, sending: dict[str, Any]
) -> None:
    headers = reporter | key() | sending.pop("headers", {})
    answer = await house.http.post("/v1/evidence", headers=headers, **sending)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "file" in answer.json()["detail"]


async def test_what_says_that_it_is_too_large_is_refused_before_it_is_sent(
    house: House, reporter: dict[str, str]
) -> None:
    reading, writing = await begun(house, reporter, {"Content-Length": str(LARGEST_BODY + 1)})
    answer = await asyncio.wait_for(reading.read(), 30)
    writing.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


async def test_what_goes_on_for_too_long_is_refused_before_it_ends(house: House, reporter: dict[str, str]) -> None:
    reading, writing = await begun(house, reporter, {"Transfer-Encoding": "chunked", "Connection": "keep-alive"})
    answering, given = asyncio.create_task(reading.readline()), 0
    piece = b"100000\r\n" + pdf().ljust(2**20, b"%") + b"\r\n"
    while not answering.done() and given < 40 * LARGEST_BODY:
        writing.write(piece)
        await writing.drain()
        given += 2**20
    assert (await asyncio.wait_for(answering, 30)).startswith(b"HTTP/1.1 413 ")
    assert LARGEST_BODY < given < 40 * LARGEST_BODY
    writing.close()


async def test_what_is_nothing_that_is_taken_is_refused_at_its_first_bytes(
    house: House, reporter: dict[str, str]
) -> None:
    reading, writing = await begun(house, reporter, {"Content-Length": str(10**7)})
    writing.write(HTML)
    answer = await asyncio.wait_for(reading.read(), 30)
    writing.close()
    assert answer.startswith(b"HTTP/1.1 415 ")


async def test_the_same_upload_with_its_key_is_one(house: House, reporter: dict[str, str], folder: Path) -> None:
    again = reporter | key()
    first, second = [(await house.http.post("/v1/evidence", content=photo(), headers=again)).json() for _ in range(2)]
    assert first == second
    assert len(list(folder.iterdir())) == 1
    other = await house.http.post("/v1/evidence", content=photo("PNG"), headers=again)
    assert other.status_code == 422
    missing = await house.http.post("/v1/evidence", content=photo(), headers=reporter)
    assert missing.status_code == 400


async def test_who_got_no_answer_because_the_store_was_away_sends_it_again(
    house: House, reporter: dict[str, str], folder: Path
) -> None:
    again, aside = reporter | key(), folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("no folder any more")
    answer = await house.http.post("/v1/evidence", content=photo(), headers=again)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    folder.unlink()
    aside.rename(folder)
    told = await house.http.post("/v1/evidence", content=photo(), headers=again)
    assert told.status_code == 201
    shown = await house.http.get(f"/v1/evidence/{told.json()['evidence_id']}/content", headers=reporter)
    assert shown.status_code == 200


async def test_where_no_place_for_photos_is_set_they_are_refused_for_now(
    house: House, reporter: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del house.app.state.evidence
    monkeypatch.setattr(settings, "READY_FILE", tmp_path / "none.json")
    monkeypatch.delenv("KAWAL_EVIDENCE_URL", raising=False)
    assert (await house.http.post("/v1/evidence", content=photo(), headers=reporter | key())).status_code == 503
    monkeypatch.setenv("KAWAL_EVIDENCE_URL", (tmp_path / "set now").as_uri())
    await sent(house, reporter)
    assert list((tmp_path / "set now").iterdir())


async def test_who_may_send_evidence(house: House) -> None:
    office: dict[str, Any] = {"agency": "ROADS", "offices": ["operator@ROADS"]}
    for who in (
        house.as_("reporter"),
        house.as_("system", channel="lapor"),
        house.as_("operator", **office),
        house.as_("superior", **office),
    ):
        await sent(house, who)
    _, narrow = await api_keys.make(house.pool, name="a", channel="lapor", made_by="me", scopes=[Action.READ_TEXT])
    for who in (house.as_("auditor"), house.as_("policy-admin"), {"X-API-Key": narrow}):
        answer = await house.http.post("/v1/evidence", content=photo(), headers=who | key())
        assert answer.status_code == 403
    assert (await house.http.post("/v1/evidence", content=photo(), headers=key())).status_code == 401


async def test_before_a_case_has_it_an_upload_is_its_uploaders(house: House) -> None:
    system = house.as_("system", channel="lapor", id=an_account("system"))
    told = await sent(house, system)
    path = f"/v1/evidence/{told['evidence_id']}"
    assert (await house.http.get(path, headers=house.as_("system", channel="lapor"))).status_code == 200
    strangers = (
        house.as_("reporter"),
        house.as_("system", channel="another-bridge"),
        house.as_("operator", agency="ROADS", offices=["operator@ROADS"]),
        house.as_("superior", agency="ROADS", offices=["head-of-agency@ROADS"]),
        house.as_("policy-admin"),
    )
    for stranger in strangers:
        for each in (path, f"{path}/content", f"{path}/content?original=true"):
            answer = await house.http.get(each, headers=stranger)
            assert answer.status_code == 404
            none = await house.http.get(each.replace(told["evidence_id"], str(uuid4())), headers=stranger)
            assert (none.status_code, said(none)) == (404, said(answer))


async def test_once_a_case_has_it_who_may_read_the_cases_texts_sees_it(
    house: House, reporter: dict[str, str], account: str
) -> None:
    told = await sent(house, reporter)
    case_id = await a_routed_case(house, account, told["evidence_id"])
    path = f"/v1/evidence/{told['evidence_id']}"
    operator = house.as_("operator", agency="ROADS", offices=["operator@ROADS"])
    expected = {
        200: (reporter, operator, house.as_("superior", agency="ROADS"), house.as_("auditor")),
        403: (house.as_("operator", agency="SCHOOLS"), house.as_("policy-admin")),
        404: (house.as_("reporter"), house.as_("system", channel="lapor")),
    }
    for status, callers in expected.items():
        for who in callers:
            assert (await house.http.get(path, headers=who)).status_code == status
            assert (await house.http.get(f"{path}/content", headers=who)).status_code == status
    mine, theirs = [(await house.http.get(path, headers=who)).json() for who in (reporter, operator)]
    assert (mine["case_id"], mine["place"]) == (case_id, told["place"])
    assert (theirs["case_id"], theirs["place"], theirs["taken_at"]) == (case_id, None, None)
    hidden = await house.http.get(path, headers=house.as_("reporter"))
    none = await house.http.get(f"/v1/evidence/{uuid4()}", headers=house.as_("reporter"))
    assert said(hidden) == said(none)


async def test_auditors_alone_see_the_original(house: House, reporter: dict[str, str], account: str) -> None:
    told = await sent(house, reporter)
    await a_routed_case(house, account, told["evidence_id"])
    path = f"/v1/evidence/{told['evidence_id']}/content?original=true"
    seen = await house.http.get(path, headers=house.as_("auditor"))
    assert seen.content == photo()
    assert seen.headers["content-disposition"].startswith("attachment")
    for who in (reporter, house.as_("operator", agency="ROADS", offices=["operator@ROADS"])):
        assert (await house.http.get(path, headers=who)).status_code == 403


async def test_every_look_at_a_photo_is_recorded_and_no_refusal_is(
    house: House, reporter: dict[str, str], account: str
) -> None:
    told = await sent(house, reporter)
    evidence_id = told["evidence_id"]
    case_id = await a_routed_case(house, account, evidence_id)
    auditor = house.as_("auditor", id=an_account("auditor"))
    for who in (auditor, house.as_("operator", agency="SCHOOLS"), house.as_("reporter")):
        for path in ("", "/content", "/content?original=true"):
            await house.http.get(f"/v1/evidence/{evidence_id}{path}", headers=who)
    reads = await personal_reads.listing(house.pool, subject=case_id)
    assert {(read.role, read.action) for read in reads} == {(CallerRole.AUDITOR, Action.READ_TEXT)}
    shown = [read.fields for read in reversed(reads)]
    assert shown == [(f"evidence.{evidence_id}.{what}",) for what in ("about", "clean", "original")]


async def test_nothing_is_shown_that_cannot_be_recorded(house: House, reporter: dict[str, str]) -> None:
    told = await sent(house, reporter)
    await house.pool.execute("alter table personal_reads rename to personal_reads_aside")
    try:
        for path in ("", "/content"):
            answer = await house.http.get(f"/v1/evidence/{told['evidence_id']}{path}", headers=reporter)
            assert answer.status_code >= 500
    finally:
        await house.pool.execute("alter table personal_reads_aside rename to personal_reads")


async def test_what_was_erased_is_gone_for_those_who_could_see_it(
    house: House, reporter: dict[str, str], account: str, folder: Path
) -> None:
    told = await sent(house, reporter)
    case_id = await a_routed_case(house, account, told["evidence_id"])
    person = await person_of(house.pool, case_id)
    await erase(house.pool, person)
    paths = [f"/v1/evidence/{told['evidence_id']}{path}" for path in ("", "/content")]
    assert [(await house.http.get(path, headers=reporter)).status_code for path in paths] == [410, 410]
    await evidence.erase_of(house.pool, house.app.state.evidence, person)
    assert [(await house.http.get(path, headers=reporter)).status_code for path in paths] == [410, 410]
    assert [(await house.http.get(path, headers=house.as_("reporter"))).status_code for path in paths] == [404, 404]
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert (await read_again(house.pool, told["evidence_id"])).opened is None


async def test_how_it_is_done_is_documented(house: House) -> None:
    paths = (await house.http.get("/openapi.json")).json()["paths"]
    upload = paths["/v1/evidence"]["post"]
    assert set(upload["requestBody"]["content"]) == {
        *("multipart/form-data", "image/jpeg", "image/png", "image/webp", "application/pdf")
    }
    assert {"400", "401", "403", "413", "415", "422", "503"} <= set(upload["responses"])
    assert [each["name"] for each in upload["parameters"]] == ["Idempotency-Key"]
    shown = paths["/v1/evidence/{evidence_id}/content"]["get"]["responses"]["200"]["content"]
    assert set(shown) == {"image/jpeg", "image/png", "image/webp", "application/pdf"}


async def test_an_agency_still_answers_with_a_photo_whoever_was_erased(house: House, account: str) -> None:
    clerk = house.as_("operator", agency="ROADS", offices=["operator@ROADS"])
    case_id = await a_routed_case(house, account)
    told = await sent(house, clerk)
    await erase(house.pool, await person_of(house.pool, case_id))
    answer = await house.http.post(
        f"/v1/cases/{case_id}/messages",
        headers=clerk | key(),
        json={"kind": "respond", "text": "It was filled.", "evidence": [told["evidence_id"]]},
    )
    assert answer.status_code == 200, answer.text
    kept = await evidence.found(house.pool, told["evidence_id"])
    assert kept is not None
    assert kept.case_id is None, "nobody may look at it: it is swept away as if nothing had named it"
