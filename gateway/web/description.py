"""The description of the interface, told the truth about its errors: they are problems, not plain JSON."""

from typing import Any

from gateway.api.problems import MEDIA_TYPE

_PLAIN = "application/json"


def with_problems(description: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI document in which each problem has its own media type alone.

    The framework describes every model of an answer as plain JSON, beside what a route says.
    """
    for path in description["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                _mend(response.get("content", {}))
    return description


def _mend(content: dict[str, Any]) -> None:
    if MEDIA_TYPE in content and _PLAIN in content:
        content[MEDIA_TYPE] = content.pop(_PLAIN)
