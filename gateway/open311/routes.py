"""The routes of Open311 GeoReport v2, https://wiki.open311.org/GeoReport_v2/. Errors, too, are told as it says."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, Request, Response

from gateway.api.problems import ProblemError, field_problem
from gateway.kawal import Kawal
from gateway.open311 import reading, search, services
from gateway.open311.calls import Call, caller_of, policy_of
from gateway.open311.discovery import PREFIX, discovery
from gateway.open311.documents import Document, format_of, response
from gateway.open311.errors import told
from gateway.open311.given import given_in
from gateway.open311.submission import submit
from gateway.open311.visible import shown_under
from schemas.access import Caller
from schemas.policy import Policy
from storage import reports
from storage.reports import Report

router = APIRouter()

_Answer = Callable[[Call], Awaitable[Document]]
_ENDINGS = (".xml", ".json", "")


def _speaking(answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that answers in the format that its path asks for, whatever happens."""

    async def route(request: Request) -> Response:
        written = format_of(request.url.path)
        try:
            kawal: Kawal = request.app.state.kawal
            document = await answer(Call(request, kawal, await given_in(request)))
        except Exception as error:  # noqa: BLE001 - no other kind of error may leave these routes
            return told(error, written)
        return response(document, written)

    return route


def _take(path: str, answer: _Answer, *methods: str, endings: Sequence[str] = _ENDINGS) -> None:
    for ending in endings:
        router.add_api_route(
            path + ending, _speaking(answer), methods=list(methods), include_in_schema=False, response_model=None
        )


async def _services(call: Call) -> Document:
    return services.service_list(await policy_of(call))


async def _service(call: Call) -> Document:
    return services.service_definition(await policy_of(call), call.named("code"))


async def _requests(call: Call) -> Document:
    policy, caller, page = await policy_of(call), await caller_of(call), search.page_of(call.given)
    found = await reports.listed(
        call.kawal.pool, search.wanted(call.given, policy, caller), limit=page.limit, offset=page.offset
    )
    shown = [(report, of) for report in found if (of := await shown_under(call, caller, report, policy))]
    requests = [await reading.described(call, caller, report, of) for report, of in shown]
    return Document("service_requests", requests)


async def _request(call: Call) -> Document:
    caller, report, policy = await _visible(call, call.named("case_id"), "service_request_id")
    return Document("service_requests", [await reading.described(call, caller, report, policy)])


async def _token(call: Call) -> Document:
    """Ids are given at once, so there are no tokens: the id of a report is its own."""
    _, report, _ = await _visible(call, call.named("token"), "token")
    case_id = report.case.case_id
    return Document("service_requests", [{"service_request_id": case_id, "token": case_id}])


async def _visible(call: Call, case_id: str, field: str) -> tuple[Caller | None, Report, Policy]:
    """Return who calls, a report that they may see, and the policy that it is under. Raises `ProblemError` 404.

    Ids are those of one jurisdiction alone: it need not be named here, and if it is, it has to be the right one.
    """
    asked = await policy_of(call) if call.given.one("jurisdiction_id") else None
    caller = await caller_of(call)
    found = await reports.find(call.kawal.pool, case_id) if case_id.isprintable() else None
    policy = await shown_under(call, caller, found, asked) if found else None
    if found is None or policy is None:
        raise field_problem(404, field, "there is none with this id")
    return caller, found, policy


async def _nothing(_call: Call) -> Document:
    raise ProblemError(404, "there is nothing here: see discovery")


_take("/open311/discovery", discovery, "GET")
_take(f"{PREFIX}/discovery", discovery, "GET")
_take(f"{PREFIX}/services", _services, "GET")
_take(f"{PREFIX}/services/{{code:path}}", _service, "GET")
_take(f"{PREFIX}/requests", _requests, "GET")
_take(f"{PREFIX}/requests", submit, "POST")
_take(f"{PREFIX}/requests/{{case_id}}", _request, "GET")
_take(f"{PREFIX}/tokens/{{token}}", _token, "GET")
_take("/open311/{rest:path}", _nothing, "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", endings=("",))
