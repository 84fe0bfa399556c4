"""Where the HTTP interface keeps photos and documents: opened once, when it is first needed."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.api.problems import ProblemError
from runtime import evidence, settings
from storage import objects


def _objects(request: Request) -> objects.Objects:
    state = request.app.state
    if not hasattr(state, "evidence"):
        try:
            state.evidence = objects.opened(evidence.evidence())
        except (settings.SettingsError, OSError) as error:
            raise ProblemError(503, "photos and documents cannot be kept here yet: tell those who run this") from error
    kept: objects.Objects = state.evidence
    return kept


Store = Annotated[objects.Objects, Depends(_objects)]
"""Where a route keeps photos and documents. `app.state.evidence` may hold another place."""
