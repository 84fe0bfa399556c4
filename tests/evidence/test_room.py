"""Uploads that come all at once find their bounds, and complaints that name them are safe whatever becomes of them."""

from typing import Any

import pytest

from gateway.api import evidence as route
from gateway.evidence.room import Room
from gateway.starter import Starter
from schemas.complaint import Complaint, Intake
from storage import evidence_links
from tests.api.handing_in import hand_in
from tests.api.house import House, key
from tests.evidence.pictures import pdf, photo
from tests.evidence.uploads import a_case, an_account


@pytest.mark.parametrize("as_a_form", [False, True])
async def test_who_finds_no_room_is_asked_to_come_back_and_finds_it_later(
    house: House, monkeypatch: pytest.MonkeyPatch, *, as_a_form: bool
) -> None:
    content, mine = photo(), house.as_("reporter") | key()
    room = Room(2 * len(content))
    monkeypatch.setattr(route, "ROOM", room)
    body: dict[str, Any] = {"files": {"file": content}} if as_a_form else {"content": content}

    with room.entered() as take:
        take(len(content) + 1)
        answer = await house.http.post("/v1/evidence", headers=mine, **body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    broken = await house.http.post("/v1/evidence", headers=house.as_("reporter") | key(), content=content[:-99])
    assert broken.status_code == 422
    for _ in range(3):
        answer = await house.http.post("/v1/evidence", headers=mine, **body)
        assert answer.status_code == 201, answer.text


async def test_a_complaint_whose_photo_another_case_took_meanwhile_is_safe_and_found_by_its_key(house: House) -> None:
    account = an_account()
    me, mine = house.as_("reporter", id=account), key()
    sent = await house.http.post("/v1/evidence", headers=me | key(), content=pdf())
    photo_id = sent.json()["evidence_id"]
    other = await a_case(house.pool)

    class Overtaken(Starter):
        async def accept(self, given: Intake, **how: Any) -> Complaint:
            await evidence_links.link(self.pool, other, [photo_id], account, None)
            return await super().accept(given, **how)

    usual = house.gateway.cases
    house.gateway.cases = Overtaken(usual.client, usual.pool, usual.task_queue)
    first = await hand_in(house, me, with_key=mine, evidence=[photo_id])
    house.gateway.cases = usual
    again = await hand_in(house, me, with_key=mine, evidence=[photo_id])

    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
