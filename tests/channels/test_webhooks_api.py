"""Systems manage the webhooks of their channel over HTTP, and of no other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.identity import api_keys
from local.ports import free_port
from schemas.access import Action
from schemas.case import CommitRequest
from storage import case_records
from storage.database import Pool
from tests.api.house import House, house_on, key
from tests.channels.receiving import Receiver, bring_forward, dispatcher, forget_everything, receiving
from tests.gateway.telling import climb
from tests.kawal import Kawal

HOOK = "https://8.8.8.8/hook"


@pytest.fixture(scope="module")
async def house(kawal: Kawal) -> AsyncIterator[House]:
    async with house_on(kawal) as house:
        yield house


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


@pytest.fixture
def app(house: House) -> dict[str, str]:
    """The super-app."""
    return house.as_("system", channel="super-app")


async def subscribe(house: House, who: dict[str, str], **wanted: Any) -> dict[str, Any]:
    answer = await house.http.post("/v1/webhooks", headers=who | key(), json={"url": HOOK} | wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def told(case_id: str, channel: str = "super-app") -> CommitRequest:
    request = climb(case_id)
    return request.model_copy(update={"case": request.case.model_copy(update={"channel": channel})})


async def test_a_system_subscribes_for_its_channel_and_sees_the_secret_once(house: House, app: dict[str, str]) -> None:
    answer = await house.http.post("/v1/webhooks", headers=app | key(), json={"url": HOOK})
    made = answer.json()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["url"], made["channel"], made["kinds"], made["paused_at"]) == (HOOK, "super-app", None, None)
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    shown = await house.http.get(answer.headers["location"], headers=app)
    listed = await house.http.get("/v1/webhooks", headers=app)
    assert shown.json() == made
    assert listed.json() == [made]
    assert secret not in shown.text + listed.text


async def test_the_same_call_again_makes_no_second_one_and_shows_no_secret(house: House, app: dict[str, str]) -> None:
    headers = app | key()
    first = await house.http.post("/v1/webhooks", headers=headers, json={"url": HOOK})
    again = await house.http.post("/v1/webhooks", headers=headers, json={"url": HOOK})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"secret": None}
    other = await house.http.post("/v1/webhooks", headers=headers, json={"url": f"{HOOK}/2"})
    assert other.status_code == 422
    assert len((await house.http.get("/v1/webhooks", headers=app)).json()) == 1
    assert (await house.http.post("/v1/webhooks", headers=app, json={"url": HOOK})).status_code == 400


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"url": "https://127.0.0.1/hook"}, "url"),
        ({"url": "https://localhost/hook"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://8.8.8.8/hook"}, "url"),
        ({"url": "https://nowhere.invalid/"}, "url"),
        ({"url": "gopher://8.8.8.8"}, "url"),
        ({"url": HOOK, "kinds": ["id.kawal.case.exploded"]}, "kinds.0"),
        ({"url": HOOK, "kinds": []}, "kinds"),
        ({"url": HOOK, "secret": "mine"}, "secret"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    house: House, app: dict[str, str], wanted: dict[str, Any], field: str
) -> None:
    answer = await house.http.post("/v1/webhooks", headers=app | key(), json=wanted)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "8.8.8.8" not in answer.text


async def test_a_channel_has_so_many_and_no_more(house: House, app: dict[str, str]) -> None:
    for _ in range(20):
        await subscribe(house, app)
    answer = await house.http.post("/v1/webhooks", headers=app | key(), json={"url": HOOK})
    assert answer.status_code == 409
    assert "remove one" in answer.json()["detail"]


async def test_nobody_learns_of_webhooks_of_another_channel(house: House, app: dict[str, str]) -> None:
    made = await subscribe(house, app)
    other = house.as_("system", channel="lapor")
    here = f"/v1/webhooks/{made['id']}"
    calls = [("GET", here), ("DELETE", here), ("GET", f"{here}/deliveries"), ("POST", f"{here}/deliveries/1/resend")]
    calls += [("POST", f"{here}/{what}") for what in ("pause", "resume", "rotate-secret", "test")]
    for method, path in calls:
        answer = await house.http.request(method, path, headers=other | key())
        assert answer.status_code == 404, (method, path)
        assert answer.json()["detail"] == "webhook: there is none with this id"
    assert (await house.http.get("/v1/webhooks", headers=other)).json() == []
    channel = await house.http.post("/v1/webhooks", headers=other | key(), json={"url": HOOK, "channel": "super-app"})
    assert channel.status_code == 404
    assert (await house.http.get(here, headers=app)).json()["paused_at"] is None


async def test_who_may_not_manage_webhooks_is_told_so(house: House, app: dict[str, str]) -> None:
    made = await subscribe(house, app)
    operator = house.as_("operator", agency="ROADS")
    _, secret = await api_keys.make(house.pool, name="A", channel="super-app", made_by="x", scopes={Action.SUBMIT})
    bounded = {"X-API-Key": secret}
    for who in (operator, bounded):
        for path in ("/v1/webhooks", f"/v1/webhooks/{made['id']}", "/v1/webhooks/wh-nowhere"):
            assert (await house.http.get(path, headers=who)).status_code == 403, path
        assert (await house.http.post("/v1/webhooks", headers=who | key(), json={"url": HOOK})).status_code == 403
    assert (await house.http.get("/v1/webhooks")).status_code == 401


async def test_a_policy_admin_manages_all_and_alone_may_hear_of_all_channels(house: House, app: dict[str, str]) -> None:
    admin = house.as_("policy-admin")
    mine = await subscribe(house, app)
    every, one = await subscribe(house, admin), await subscribe(house, admin, channel="lapor")
    assert (every["channel"], one["channel"]) == (None, "lapor")
    listed = [webhook["id"] for webhook in (await house.http.get("/v1/webhooks", headers=admin)).json()]
    assert listed == [mine["id"], every["id"], one["id"]]
    assert (await house.http.get(f"/v1/webhooks/{mine['id']}", headers=admin)).status_code == 200
    assert (await house.http.get(f"/v1/webhooks/{every['id']}", headers=app)).status_code == 404
    assert (await house.http.get("/v1/webhooks/wh-nowhere", headers=admin)).status_code == 404


async def test_a_webhook_that_is_removed_is_gone(house: House, app: dict[str, str]) -> None:
    here = f"/v1/webhooks/{(await subscribe(house, app))['id']}"
    assert (await house.http.delete(here, headers=app)).status_code == 204
    assert (await house.http.delete(here, headers=app)).status_code == 404
    assert (await house.http.get(here, headers=app)).status_code == 404


@pytest.fixture
async def receiver(house: House, app: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A receiver that the super-app subscribed; its port is free while nobody listens."""
    monkeypatch.setenv("KAWAL_WEBHOOKS_LOCAL", "1")
    async with receiving(Receiver(free_port())) as receiver:
        yield receiver


async def test_a_test_event_arrives_once_for_each_call(
    house: House, app: dict[str, str], receiver: Receiver, pool: Pool
) -> None:
    made = await subscribe(house, app, url=receiver.url, kinds=["id.kawal.case.closed"])
    receiver.secret = made["secret"]
    call = f"/v1/webhooks/{made['id']}/test", app | key()
    first, again = [await house.http.post(call[0], headers=call[1]) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, again.json())
    assert (await dispatcher(pool).one_pass()).sent == 1
    [taken] = receiver.taken
    assert (taken.event["type"], taken.event["subject"], taken.event["data"]) == ("id.kawal.ping", made["id"], {})
    assert (await house.http.post(f"{call[0]}", headers=app)).status_code == 400


async def test_what_is_paused_waits_and_goes_out_when_it_resumes(
    house: House, app: dict[str, str], receiver: Receiver, pool: Pool
) -> None:
    made = await subscribe(house, app, url=receiver.url)
    receiver.secret, here = made["secret"], f"/v1/webhooks/{made['id']}"
    assert (await house.http.post(f"{here}/pause", headers=app)).json()["paused_at"]
    assert (await house.http.post(f"{here}/test", headers=app | key())).status_code == 409
    await case_records.commit(pool, told("wha-paused"))
    assert (await dispatcher(pool).one_pass()).sent == 0
    assert (await house.http.post(f"{here}/resume", headers=app)).json()["paused_at"] is None
    assert (await dispatcher(pool).one_pass()).sent == 2


async def test_a_new_secret_is_shown_once_and_both_sign(
    house: House, app: dict[str, str], receiver: Receiver, pool: Pool
) -> None:
    made = await subscribe(house, app, url=receiver.url)
    new = (await house.http.post(f"/v1/webhooks/{made['id']}/rotate-secret", headers=app)).json()
    assert list(new) == ["secret"]
    assert new["secret"] != made["secret"]
    await case_records.commit(pool, told("wha-rotated"))
    for secret in (made["secret"], new["secret"]):
        receiver.secret = secret
        assert (await dispatcher(pool).one_pass()).sent >= 1
        await pool.execute("update webhook_deliveries set state = 'pending'")


async def test_dead_letters_are_looked_at_and_sent_again(
    house: House, app: dict[str, str], receiver: Receiver, pool: Pool
) -> None:
    made = await subscribe(house, app, url=receiver.url, kinds=["id.kawal.case.escalated"])
    receiver.secret, receiver.always, here = made["secret"], 500, f"/v1/webhooks/{made['id']}/deliveries"
    await case_records.commit(pool, told("wha-dead"))
    for _ in range(16):
        await bring_forward(pool, made["id"])
        await dispatcher(pool).one_pass()
    [dead] = (await house.http.get(here, headers=app, params={"state": "dead"})).json()
    assert {name: dead[name] for name in ("event_id", "subject", "attempts", "last_error", "next_attempt_at")} == {
        "event_id": "case/wha-dead/2",
        "subject": "wha-dead",
        "attempts": 16,
        "last_error": "status 500",
        "next_attempt_at": None,
    }
    assert (await house.http.get(here, headers=app, params={"state": "sent"})).json() == []
    assert (await house.http.get(here, headers=app, params={"state": "odd"})).status_code == 422
    receiver.always = 200
    again = await house.http.post(f"{here}/{dead['id']}/resend", headers=app)
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert (await dispatcher(pool).one_pass()).sent == 1
    assert receiver.ids == ["case/wha-dead/2"]
    assert (await house.http.post(f"{here}/{dead['id']}/resend", headers=app)).status_code == 409
    other = await subscribe(house, app, url=receiver.url)
    elsewhere = f"/v1/webhooks/{other['id']}/deliveries/{dead['id']}/resend"
    for path, status in ((elsewhere, 404), (f"{here}/{10**12}/resend", 404), (f"{here}/{10**40}/resend", 422)):
        assert (await house.http.post(path, headers=app)).status_code == status


async def test_deliveries_are_shown_page_by_page(house: House, app: dict[str, str], pool: Pool) -> None:
    made = await subscribe(house, app)
    for n in range(3):
        await case_records.commit(pool, told(f"wha-page-{n}"))
    here, seen = f"/v1/webhooks/{made['id']}/deliveries", list[str]()
    params: dict[str, Any] = {"limit": 4}
    while page := (await house.http.get(here, headers=app, params=params)).json():
        seen += [line["event_id"] for line in page]
        params["before"] = page[-1]["id"]
    assert seen == [f"case/wha-page-{n}/{seq}" for n in (2, 1, 0) for seq in (2, 1)]
