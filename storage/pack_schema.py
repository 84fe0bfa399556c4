"""JSON Schemas of what people write in a policy pack, by which editors complete and check it, and of the whole."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.calendar import Unit
from schemas.policy import Policy
from schemas.status import Status
from storage.pack_files import FILES, Calendar

RESOLVED = "resolved-policy"
"""The name of the schema of a whole policy, as it is stored and handed on."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"
_UNITS = "|".join(unit.removesuffix("s") + "s?" for unit in Unit)
_LIMIT = {
    "title": "Limit",
    "description": 'A number and a unit, e.g. "3 working days".',
    "type": "string",
    "pattern": rf"^\s*0*[1-9]\d*\s+(?:{_UNITS})\s*$",
    "examples": ["3 working days", "24 hours", "60 days"],
}
_HOURS = {
    "title": "Hours",
    "description": "A stretch of working time; a break is the gap between two of them.",
    "type": "string",
    "pattern": f"^(?:{_TIME})-(?:{_TIME})$",
    "examples": ["07:30-12:00"],
}


def schemas() -> dict[str, Any]:
    """Return the schemas by name: one for each file of a pack, by its name without ".toml", and the resolved policy."""
    files: dict[str, type[BaseModel]] = {**FILES, "calendar": Calendar}
    described = {name: _described(model, {"Limit": _LIMIT, "Hours": _HOURS}) for name, model in sorted(files.items())}
    return described | {RESOLVED: _described(Policy, {"Limit": _LIMIT})}


def write(folder: Path) -> list[Path]:
    """Write each schema to a file of its own and return the paths. A folder that is missing is made."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _described(model: type[BaseModel], plain: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema; parts that are written otherwise than their models hold them are given as written."""
    described = {"$schema": _DIALECT} | model.model_json_schema(mode="serialization")
    parts = described.get("$defs", {})
    parts |= {name: schema for name, schema in plain.items() if name in parts}
    if "QuietHours" in parts:
        for name in ("begins", "ends"):
            parts["QuietHours"]["properties"][name]["pattern"] = f"^(?:{_TIME})$"
    if "StatusScheme" in parts:
        parts["StatusScheme"]["properties"]["labels"]["required"] = [status.value for status in Status]
    return described
