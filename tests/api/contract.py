"""What the interface promises in its own description, held against it by calls that schemathesis makes up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok

from tests.api.contract_world import World
from tests.api.house import House, key

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]

STREAMS = frozenset({"followCase", "followAgency"})
"""They never end, and have tests of their own."""

_PROMISES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
_FIT, _UNFIT = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
_BOUNDED: dict[str, Any] = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": (Phase.generate,),
    "suppress_health_check": list(HealthCheck),
}


@dataclass(frozen=True)
class Contract:
    """What is promised, where it is kept, and who calls."""

    operations: dict[str, Operation]
    url: str
    world: World

    def hold(self, name: str, examples: int) -> None:
        """Call an operation: with its examples and with calls that fit its description as everybody, with calls that do
        not as callers at random. Raises what is promised and not kept.

        Args:
            name: of the operation.
            examples: so many calls at most of each kind that fits, and thrice as many that do not.
        """
        operation = self.operations[name]
        for who in self.world.callers:
            for example in operation.get_strategies_from_examples():
                self._hold(example, st.just(who), 1, fit=True)
            self._hold(operation.as_strategy(generation_mode=_FIT), st.just(who), examples, fit=True)
        if takes_something(operation.definition.raw):
            unfit = operation.as_strategy(generation_mode=_UNFIT)
            self._hold(unfit, st.sampled_from(sorted(self.world.callers)), 3 * examples, fit=False)

    def _hold(self, calls: st.SearchStrategy[Case], callers: st.SearchStrategy[str], most: int, *, fit: bool) -> None:
        @settings(max_examples=most, **_BOUNDED)
        @given(case=calls, who=callers, data=st.data())
        def holds(case: Case, who: str, data: st.DataObject) -> None:
            if _path_fits(case):
                self._lead_somewhere(case, data.draw)
            fresh = key() if fit and case.method.upper() == "POST" else {}
            case.call_and_validate(self.url, headers=self.world.callers[who] | fresh, checks=_checks(), timeout=30)

        holds()

    def _lead_somewhere(self, case: Case, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        """Name something that there is, three times out of four; in the simplest of calls, for one."""
        for name in sorted(set(case.path_parameters) & set(self.world.named)):
            if draw(st.integers(0, 3)) < 3:
                case.path_parameters[name] = draw(st.sampled_from(self.world.named[name]))


def takes_something(operation: dict[str, Any]) -> bool:
    """Return whether anything about a call can be wrong."""
    return bool(operation.get("parameters") or operation.get("requestBody"))


def _path_fits(case: Case) -> bool:
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    return path is None or path.mode is _FIT


def _checks() -> list[schemathesis.CheckFunction]:
    return [cast("schemathesis.CheckFunction", check) for check in CHECKS.get_by_names(_PROMISES)]


async def contract_of(house: House, world: World) -> Contract:
    """Return the contract of a house, as its own description says it."""
    load_all_checks()
    document = (await house.http.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(with_security_parameters=False)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    named = {str(one.definition.raw["operationId"]): one for one in found}
    return Contract({name: one for name, one in named.items() if name not in STREAMS}, str(house.http.base_url), world)
