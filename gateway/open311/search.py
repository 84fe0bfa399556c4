"""Which reports are looked for: by id, service, time and status, a page of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.api.problems import field_problem
from gateway.open311.given import Given
from gateway.open311.visible import hidden_categories
from schemas.access import Action, Caller, CallerRole
from schemas.policy import Policy
from storage.reports import Wanted

LONGEST = timedelta(days=90)
MOST = 1000
_LAST_PAGE = 1000


@dataclass(frozen=True)
class Page:
    """So many, from there on."""

    limit: int
    offset: int


def page_of(given: Given) -> Page:
    """Return which page is asked for; without saying, the first with as many as there may be."""
    size, number = _number(given, "page_size", MOST, MOST), _number(given, "page", 1, _LAST_PAGE)
    return Page(limit=size, offset=(number - 1) * size)


def _number(given: Given, name: str, usual: int, most: int) -> int:
    text = given.one(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most):
        raise field_problem(400, name, f"is a number from 1 to {most}")
    return int(text)


def wanted(given: Given, policy: Policy, caller: Caller | None) -> Wanted:
    """Return which reports are looked for: those named by id, else all that fit. Raises `ProblemError` 400."""
    channel, account = _own(caller)
    ids = given.many("service_request_id")
    if len(ids) > MOST:
        raise field_problem(400, "service_request_id", f"names more than {MOST}: ask for fewer at a time")
    hidden = hidden_categories(policy)
    if ids:  # they override all else
        return Wanted(policy=policy.name, hidden=hidden, channel=channel, account=account, ids=ids)
    since, until = _range(given)
    return Wanted(
        policy=policy.name,
        hidden=hidden,
        channel=channel,
        account=account,
        since=since,
        until=until,
        categories=given.many("service_code") or None,
        closed=_closed(given),
    )


def _own(caller: Caller | None) -> tuple[str | None, str | None]:
    """Return the channel or the account whose reports a caller sees, whatever they are."""
    if caller is None or (caller.scopes is not None and Action.SEE not in caller.scopes):
        return None, None
    if caller.role is CallerRole.SYSTEM:
        return caller.channel, None
    return None, caller.id if caller.role is CallerRole.REPORTER else None


def _closed(given: Given) -> bool | None:
    said = set(given.many("status"))
    if said - {"open", "closed"}:
        raise field_problem(400, "status", "is open or closed")
    return None if len(said) != 1 else said == {"closed"}


def _range(given: Given) -> tuple[datetime, datetime]:
    """Return from when until when; with one end or none, 90 days."""
    since, until = _moment(given, "start_date"), _moment(given, "end_date")
    if since is None:
        until = until or datetime.now(UTC)
        return until - LONGEST, until
    until = until or since + LONGEST
    if until < since:
        raise field_problem(400, "end_date", "lies before start_date: exchange the two")
    if until - since > LONGEST:
        raise field_problem(400, "start_date", f"lies more than {LONGEST.days} days before end_date: ask in parts")
    return since, until


def _moment(given: Given, name: str) -> datetime | None:
    text = given.one(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that was not escaped
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1971 <= moment.year < 2200:
        raise field_problem(400, name, "is a moment with its zone: write it as 2026-11-22T08:00:00Z")
    return moment.astimezone(UTC)
