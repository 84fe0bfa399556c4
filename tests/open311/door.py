"""The Open311 door of the house: a policy of its own, keys, and reports that are handed in there."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.identity import api_keys
from schemas.attributes import Attribute, Choice, Datatype
from schemas.places import PostalCode
from schemas.policy import Category, Policy, Route
from storage.case_records import case
from tests import making
from tests.api.house import House

JURISDICTION = "open311"
V2 = "/open311/v2"
HERE = {"lat": "-5.412345", "long": "105.312345"}

_ASKED = (
    Attribute(
        code="size",
        datatype=Datatype.ONE_OF,
        order=2,
        required=True,
        description="How large?",
        values=(Choice(key="small", name="Small"), Choice(key="large", name="Large & deep")),
    ),
    Attribute(
        code="harms",
        datatype=Datatype.SOME_OF,
        order=1,
        description="Whom?",
        values=(Choice(key="foot", name="On foot"), Choice(key="wheel", name="On wheels")),
    ),
    Attribute(code="metres", datatype=Datatype.NUMBER, order=3, description="How wide?", datatype_description="metres"),
    Attribute(code="since", datatype=Datatype.DATETIME, order=4, description="Since when?"),
    Attribute(code="sign", datatype=Datatype.STRING, order=5, description="What does the sign say?"),
    Attribute(code="more", datatype=Datatype.TEXT, order=6, description="What else?"),
)


def policy(name: str = JURISDICTION) -> Policy:
    """Return a policy that asks about roads, and knows a postal code."""
    whole = making.whole_policy(name=name)
    hole = Category(
        code="hole/road",
        name="Lubang <di> jalan & trotoar",
        description="Holes, large and small",
        keywords=("pothole", "lubang"),
        group="Jalan",
        attributes=_ASKED,
    )
    routes = (*whole.routes, Route(category="hole/road", agency="ROADS"))
    codes = (PostalCode(postal_code="35111", region="north"),)
    fields = dict(whole) | {"categories": (*whole.categories, hole), "routes": routes, "postal_codes": codes}
    return Policy.model_validate(fields)


@dataclass
class Door:
    """Where foreign clients come in."""

    house: House
    key: str = field(repr=False)
    """Of a system whose channel is `channel`."""
    channel: str
    policy: Policy

    @property
    def url(self) -> str:
        """Where clients are pointed at."""
        return str(self.house.http.base_url).rstrip("/") + V2

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Ask for something, by default as nobody in particular."""
        headers = query.pop("headers", None)
        asked = {"jurisdiction_id": JURISDICTION} | query
        return await self.house.http.get(V2 + path, params=asked, headers=headers)

    async def post(self, written: str = "json", **fields: Any) -> httpx.Response:
        """Hand something in with the key, with `headers` if there are any; a field that is None is left out."""
        headers = fields.pop("headers", None)
        given = {"api_key": self.key, "jurisdiction_id": JURISDICTION, "service_code": "road", **HERE} | fields
        data = {name: value for name, value in given.items() if value is not None}
        return await self.house.http.post(f"{V2}/requests.{written}", data=data, headers=headers)

    async def report(self, **fields: Any) -> str:
        """Hand something in, and return its id once its case is routed."""
        answer = await self.post(**fields)
        assert answer.status_code == 200, answer.text
        case_id = str(answer.json()[0]["service_request_id"])
        await self.house.gateway.starting.settle()
        await self.house.kawal.routed(case_id)
        assert await case(self.house.pool, case_id) is not None
        return case_id


async def new_key(house: House, channel: str, **others: Any) -> str:
    """Return a key of a system with this channel."""
    _, key = await api_keys.make(house.pool, name="a client", channel=channel, made_by="admin-1", **others)
    return key


def new_word() -> str:
    """Return a word that nobody else uses."""
    return "w" + "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(12))
