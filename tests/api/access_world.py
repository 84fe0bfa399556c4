"""One thing for each way in which a caller can stand to it, and for each action one call that stands for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.access import Action, CallerRole, Relation
from schemas.case import CommitRequest, TransitionKind
from schemas.complaint import Identity, Intake
from schemas.webhooks import Subscribing
from storage import case_records, intake, policies, webhook_subscriptions
from tests import making
from tests.api.house import House, key
from tests.api.registering import a_name, becomes_a_report_about, told_of_late_cases
from tests.gateway.telling import case, happened

PEOPLE = frozenset({CallerRole.OPERATOR, CallerRole.SUPERIOR})
OUTSIDE = frozenset({CallerRole.REPORTER, CallerRole.SYSTEM})


@dataclass(frozen=True)
class World:
    """An agency, its office of the caller, and cases that stand to them in every way."""

    agency: str
    elsewhere: str
    cases: dict[str, str]
    """Of each relation, by its name; and two of what is hidden: `confidential`, `accusing`."""
    webhooks: dict[Relation, str]

    @property
    def office(self) -> str:
        """The caller's, if they work in an agency: late with what is in the register."""
        return f"operator@{self.agency}"

    def caller(self, role: CallerRole, *offices: str) -> dict[str, Any]:
        """Return the claims of whoever calls: in the world's office, or in others."""
        if role in PEOPLE:
            return {"agency": self.agency, "offices": list(offices or (self.office,))}
        return {"id": "table-me"} if role is CallerRole.REPORTER else {}


@dataclass(frozen=True)
class Call:
    """What is sent, by whom."""

    path: str
    body: dict[str, Any] | None = None
    """Of a POST; none: a GET."""
    claims: dict[str, Any] | None = None
    """Of the caller, where it is another than the world's."""


async def world_of(house: House) -> World:
    """Make a world."""
    agency, elsewhere = a_name("TABLE"), a_name("TABLE")
    policy = making.whole_policy(name="access-table")
    await policies.publish(house.pool, policy)
    mine, head, theirs = f"operator@{agency}", f"head@{agency}", f"operator@{elsewhere}"
    there: dict[str, Any] = {"agency": elsewhere, "owners": (theirs,)}
    standings: dict[str, dict[str, Any]] = {
        "own": {"agency": agency, "owners": (mine,), "watchers": (mine,)},
        "agency": {"agency": agency, "owners": (head,), "watchers": (head,)},
        "former": there | {"watchers": (mine, theirs)},
        "other": there | {"watchers": (theirs,)},
        "confidential": there | {"watchers": (theirs,), "identity": Identity.CONFIDENTIAL},
        "accusing": there | {"watchers": (mine, theirs), "bypassed": agency},
    }
    cases = {}
    for name, standing in standings.items():
        cases[name] = await _case(house, f"{agency}-{name}", policy.version, own=name == "own", **standing)
    for register in (agency, elsewhere):
        await told_of_late_cases(house, register)
    await becomes_a_report_about(house, f"{agency}-2", accused=agency)
    webhooks = {
        relation: await _webhook(house, f"wh-{agency}-{relation}", channel)
        for relation, channel in ((Relation.OWN, "counter"), (Relation.OTHER, "another"))
    }
    return World(agency, elsewhere, cases, webhooks)


async def _case(house: House, case_id: str, version: str, *, own: bool, **standing: Any) -> str:
    """Commit a case that somebody reported in person: the caller, or another."""
    channel = "counter" if own else "another"
    given = Intake(channel=channel, category="road", text="A hole")
    account = "table-me" if own else "table-another"
    await intake.accept(house.pool, case_id, given, version, datetime.now(UTC), reported_by=account)
    view = case(case_id, seq=1, policy_version=version, channel=channel, **standing)
    request = CommitRequest(case=view, transitions=(happened(TransitionKind.NOTED),))
    assert (await case_records.commit(house.pool, request)).written
    return case_id


async def _webhook(house: House, name: str, channel: str) -> str:
    wanted = Subscribing(url="https://example.org/events", channel=channel)
    await webhook_subscriptions.subscribe(house.pool, name, wanted, owner="somebody", now=datetime.now(UTC))
    return name


Calls = Callable[[World, CallerRole], dict[Relation | tuple[Relation, str], Call]]
"""What stands for an action, by the relation that it is about; a word tells two of one relation apart."""


def _of_cases(path: str, body: dict[str, Any] | None = None) -> Calls:
    """Return the calls that do something with a case."""

    def calls(world: World, role: CallerRole) -> dict[Relation | tuple[Relation, str], Call]:
        return {
            (_stands(role, name), name): Call(f"/v1/cases/{case_id}{path}", body)
            for name, case_id in world.cases.items()
        }

    return calls


def _stands(role: CallerRole, name: str) -> Relation:
    """Return how the caller of a world stands to one of its cases."""
    if role in OUTSIDE:
        return Relation.OWN if name == "own" else Relation.OTHER
    if name in ("confidential", "accusing"):
        return Relation.HIDDEN
    return Relation(name) if role in PEOPLE else Relation.OTHER


def _of_nobody(path: str, body: dict[str, Any] | None = None, relation: Relation = Relation.OWN) -> Calls:
    """Return the one call of an action that is about nothing of anybody's."""
    return lambda world, role: {relation: Call(path, body)}


def _of_inboxes(world: World, role: CallerRole) -> dict[Relation | tuple[Relation, str], Call]:
    own = Call("/v1/inbox")
    if role not in PEOPLE:
        return {Relation.OWN: own, Relation.OTHER: Call(f"/v1/inbox?office={world.office}")}
    return {
        Relation.OWN: own,
        (Relation.OWN, "office"): Call(f"/v1/inbox?office={world.office}"),
        (Relation.AGENCY, "office"): Call(f"/v1/inbox?office=head@{world.agency}"),
        (Relation.AGENCY, "whole"): Call(f"/v1/inbox?agency={world.agency}"),
        Relation.OTHER: Call(f"/v1/inbox?office=operator@{world.elsewhere}"),
    }


def _of_proposals(path: str, body: dict[str, Any]) -> Calls:
    """Return the calls that say something about a proposal; the second one comes from a case that was hidden."""

    def calls(world: World, role: CallerRole) -> dict[Relation | tuple[Relation, str], Call]:
        here, there = f"/v1/sanctions/{world.agency}", f"/v1/sanctions/{world.elsewhere}"
        if role not in PEOPLE:
            return {Relation.OTHER: Call(f"{there}/1/{path}", body)}
        colleague = world.caller(role, f"clerk@{world.agency}")
        return {
            Relation.OWN: Call(f"{here}/1/{path}", body),
            Relation.AGENCY: Call(f"{here}/1/{path}", body, colleague),
            Relation.OTHER: Call(f"{there}/1/{path}", body),
            Relation.HIDDEN: Call(f"{here}/2/{path}", body),
        }

    return calls


def _of_webhooks(world: World, role: CallerRole) -> dict[Relation | tuple[Relation, str], Call]:
    reach = world.webhooks if role is CallerRole.SYSTEM else (Relation.OTHER,)
    return {relation: Call(f"/v1/webhooks/{world.webhooks[relation]}") for relation in reach}


ROUTES: dict[Action, Calls] = {
    Action.SUBMIT: _of_nobody("/v1/complaints", {"category": "road", "text": "A hole", "policy": "never-was"}),
    Action.SEE: _of_cases(""),
    Action.READ_TEXT: _of_cases("/text"),
    Action.READ_PERSON: _of_cases("/reporter"),
    Action.SPEAK: _of_cases("/messages", {"kind": "withdraw"}),
    Action.WORK: _of_cases("/messages", {"kind": "acknowledge"}),
    Action.OVERSEE: _of_cases("/messages", {"kind": "extend", "clock": "level", "by": "1 days", "reason": "flood"}),
    Action.SEE_INBOX: _of_inboxes,
    Action.SEE_SANCTIONS: _of_cases("/ledger"),
    Action.OBJECT: _of_proposals("objections", {"reason": "was-ill"}),
    Action.DECIDE: _of_proposals("decisions", {"reason": "was-ill", "outcome": "upheld"}),
    Action.SEE_POLICIES: _of_nobody("/v1/policies"),
    Action.PUBLISH_POLICIES: _of_nobody("/v1/policies", {}),
    Action.MANAGE_WEBHOOKS: _of_webhooks,
    Action.SEE_READS: _of_nobody("/v1/personal-reads"),
    Action.DECODE: _of_nobody("/codec/decode", {"payloads": []}),
}
"""Where what is allowed would write something, it is refused for another reason, so that all stays as it is: the cases
here have no workflow that would take a message."""


async def status_of(house: House, headers: dict[str, str], call: Call) -> int:
    """Return what a call is answered with."""
    if call.body is None:
        return (await house.http.get(call.path, headers=headers)).status_code
    return (await house.http.post(call.path, headers=headers | key(), json=call.body)).status_code
