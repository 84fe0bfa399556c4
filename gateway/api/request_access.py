"""Service requests as a caller may have them: looked up, and let through the gate."""

from domain import access
from gateway.api.guard import check
from gateway.api.problems import missing
from gateway.kawal import Kawal
from gateway.request_standing import preparation_of
from schemas.access import Action, Caller
from schemas.case import CaseView
from storage import request_pages
from storage.request_pages import Accepted


async def request_for(
    kawal: Kawal, caller: Caller, action: Action, request_id: str, what: str = "request"
) -> tuple[Accepted, CaseView | None]:
    """Return a request, and the case in which it is prepared, for a caller who may do something with it.

    Args:
        kawal: what there is.
        caller: who.
        action: what they want to do.
        request_id: with what.
        what: what it is called in a refusal: the request, or something that was made for it.

    Raises:
        ProblemError: 404, there is none, or none that the caller may know of; 403, the caller may not.
    """
    accepted = await request_pages.accepted(kawal.pool, request_id)
    if accepted is None:
        raise missing(what)
    case = await preparation_of(kawal.pool, accepted)
    relation = access.relation_to_request(caller, accepted.start.channel, accepted.requested_by, case)
    check(caller, action, relation, what)
    return accepted, case
