"""Auditors see who read personal data, and nobody else does."""

from schemas.access import Action, Caller, CallerRole
from storage import personal_reads
from tests.api.house import House
from tests.api.roles import anybody


async def test_auditors_turn_the_pages_of_what_was_read(house: House) -> None:
    clerk = Caller(id="clerk-of-reads", role=CallerRole.OPERATOR, agency="ROADS")
    for number in range(5):
        await personal_reads.record(house.pool, clerk, Action.READ_PERSON, f"reads-{number % 2}", ("name",), "call-1")
    auditor = house.as_("auditor")
    params: dict[str, str] = {"caller": "clerk-of-reads", "limit": "2"}
    found = []
    while True:
        page = (await house.http.get("/v1/personal-reads", headers=auditor, params=params)).json()
        found += [one["subject"] for one in page["reads"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert found == ["reads-0", "reads-1", "reads-0", "reads-1", "reads-0"]
    one = page["reads"][0]
    assert (one["role"], one["action"], one["fields"], one["request_id"]) == (
        "operator",
        "read-person",
        ["name"],
        "call-1",
    )
    of_one = await house.http.get("/v1/personal-reads", headers=auditor, params={"subject": "reads-1"})
    assert len(of_one.json()["reads"]) == 2


async def test_nobody_else_sees_them(house: House) -> None:
    for role in set(CallerRole) - {CallerRole.AUDITOR}:
        assert (await house.http.get("/v1/personal-reads", headers=anybody(house, role))).status_code == 403
    assert (await house.http.get("/v1/personal-reads")).status_code == 401
    strange = await house.http.get("/v1/personal-reads", headers=house.as_("auditor"), params={"cursor": "e30"})
    assert strange.status_code == 422
    assert strange.json()["errors"][0]["field"] == "cursor"
