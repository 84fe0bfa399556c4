"""What people may send to a case, as the interface reads it: every message without what the caller already proves."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from domain import access
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import Model, Prose
from schemas.case import CaseView
from schemas.messages import MESSAGES, Actor, Message, Role
from schemas.service_request import Recipient

_NOT_SENT = frozenset({"carried"})
"""Kinds that the engine alone sends."""

_PROVED = frozenset({"message_id", "actor", "accepted_at", "seen", "kind"})
"""Fields that follow from who calls, when, and with which headers."""

_SPOKEN = frozenset({"provide", "appeal", "withdraw", "reopen", "rate"})
_OVERSEEN = frozenset({"extend", "disprove"})
_REPORTERS = frozenset({CallerRole.REPORTER, CallerRole.SYSTEM})

_ROLES = {
    CallerRole.REPORTER: Role.REPORTER,
    CallerRole.SYSTEM: Role.SYSTEM,
    CallerRole.OPERATOR: Role.OPERATOR,
    CallerRole.SUPERIOR: Role.SUPERIOR,
    CallerRole.POLICY_ADMIN: Role.SYSTEM,
}
"""As whom a caller sends. A decree's new calendar comes from a system, whoever published it."""


def _body(kind: str, message: type[Message]) -> type[Model]:
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in message.model_fields.items() if name not in _PROVED
    }
    if "recipient" in fields:
        fields["recipient"] = (Recipient, Field(description="who gets it, and where; kept apart, sealed"))
    fields["kind"] = (Literal[kind], ...)
    fields["text"] = (Prose | None, Field(default=None, description="what there is to say; kept apart, sealed"))
    return create_model(f"{message.__name__}Body", __base__=Model, __doc__=message.__doc__, **fields)


BODIES = {kind: _body(kind, message) for kind, message in MESSAGES.items() if kind not in _NOT_SENT}
"""By the kind of message."""

if TYPE_CHECKING:
    MessageBody = Model
else:  # the models are made above, of the messages that there are
    MessageBody = Annotated[reduce(or_, BODIES.values()), Field(discriminator="kind")]


def action_of(caller: Caller, kind: str) -> Action:
    """Return what somebody does who sends a message of a kind. Both sides may say that a merge was wrong."""
    if kind in _SPOKEN or (kind == "unmerge" and caller.role in _REPORTERS):
        return Action.SPEAK
    if kind in _OVERSEEN:
        return Action.OVERSEE
    return Action.PUBLISH_POLICIES if kind == "recalculate" else Action.WORK


def taken_from(caller: Caller, case: CaseView, relation: Relation) -> tuple[str, ...]:
    """Return the kinds of messages that a case takes now, and from this caller."""
    return tuple(
        kind
        for kind in case.messages
        if kind in BODIES and access.verdict(caller, action_of(caller, kind), relation) is access.Verdict.ALLOWED
    )


def message_of(
    body: Model, caller: Caller, case: CaseView, *, message_id: str, seen: int | None, recipient: str | None = None
) -> Message:
    """Return the message that a caller sends.

    Args:
        body: as it came in.
        caller: who sends it; nobody else can be named as its sender.
        case: to which.
        message_id: of the message.
        seen: the seq of the case that the sender decided upon, if that matters.
        recipient: under which reference the recipient of a delivery is kept.
    """
    said = {name: getattr(body, name) for name in type(body).model_fields if name not in ("text", "recipient")}
    proved = {"message_id": message_id, "actor": _actor(caller, case), "seen": seen}
    kept = {} if recipient is None else {"recipient": recipient}
    return MESSAGES[said["kind"]].model_validate(said | proved | kept)


def _actor(caller: Caller, case: CaseView) -> Actor:
    owning = [office for office in caller.offices if office in case.owners]
    office = next(iter([*owning, *caller.offices]), None)
    return Actor(id=caller.id, role=_ROLES[caller.role], agency=caller.agency, office=office)
