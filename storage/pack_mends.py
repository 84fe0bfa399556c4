"""What is wrong with a file of a policy pack, and the mend, in words for whoever wrote it."""

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.calendar import Limit, Unit
from schemas.sanctions import Subject
from storage.pack_files import FILES
from storage.pack_problems import Problem
from storage.pack_source import SourceFile
from storage.toml_lines import Path

_LIMIT = f'a number and a unit in quotes, e.g. "3 working days" ({", ".join(Unit)})'
_MISSING = {
    "limit": f"write {_LIMIT}",
    "subject": f"write one of {', '.join(Subject)}",
    "role": 'write who holds the case there, e.g. role = "head-of-agency"',
    "valid_to": "write the last day whose holidays are decreed, e.g. valid_to = 2027-12-31",
}
"""What to add, where its name says too little."""


def problems_of(error: ValidationError, source: SourceFile, model: type[BaseModel]) -> Iterator[Problem]:
    """Yield what is wrong with a file that its model refused."""
    for details in error.errors():
        if details["type"] == "too_short" and details["input"]:
            continue  # a list with entries that are all wrong: each of them is reported by itself
        path = tuple(part for part in details["loc"] if part != "[key]")
        if model_at(model, path[:-1]) is Limit:
            path = path[:-1]  # a limit is one value to whoever writes it
        yield source.problem(path, _mend(details, path, model))


def _mend(details: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    name = str(path[-1]) if path else ""
    match details["type"]:
        case "missing" | "too_short" | "tuple_type" if _is_list(model, path):
            return _two_brackets(details["type"], path)
        case "missing":
            return ": ".join(filter(None, ("is missing: add it", _MISSING.get(name))))
        case "extra_forbidden":
            return _unknown(name, path, model)
        case "dict_type" if name == "routes":
            return 'write [category.routes] and below it lines such as "18.01" = "PUPR-18.01"'
        case _:
            return _wrong_value(details)


def _two_brackets(kind: str, path: Path) -> str:
    what = {"missing": "is missing: ", "too_short": "is empty: "}.get(kind, "")
    return f"{what}write [[{_header(path)}]] above each {path[-1]}"


def _header(path: Path) -> str:
    return ".".join(part for part in path if isinstance(part, str))


def _wrong_value(details: ErrorDetails) -> str:
    given, message = details["input"], details["msg"].removeprefix("Value error, ")
    match details["type"]:
        case "tuple_type":
            return f"must be a list: put {given!r} in square brackets"
        case "model_type" if details.get("ctx", {}).get("class_name") == Limit.__name__:
            return f"{given!r} is not a limit: write {_LIMIT}"
        case "string_type" if isinstance(given, dict):  # 18.01 without quotes is "01" within 18
            return "put the whole code in quotes"
        case "string_type":
            return f"must be text: put {given} in quotes"
        case "string_pattern_mismatch":
            return _not_a_code(given, details)
        case "too_short" | "string_too_short":
            return "is empty: write at least one"
        case "value_error":
            return message
        case _:
            message = message.replace("Input should be", "must be")
            return f"{message[0].lower()}{message[1:]} (not {given!r})"


def _not_a_code(given: object, details: ErrorDetails) -> str:
    pattern = details.get("ctx", {}).get("pattern", "")
    if pattern.endswith(r"\.\*$"):
        return f'{given!r} is not a group of regions: write "18.*" for every region directly below 18'
    if pattern == "^[a-z]+$":
        return f"{given!r} is not a colour: write one plain word, e.g. green"
    if pattern.startswith("^[0-9A-Za-z]"):
        return f"{given!r} is not a postal code: write digits or plain letters"
    return f"{given!r} is not a code: write 1 to 120 plain letters, digits and signs, no space at either end"


def _unknown(name: str, path: Path, model: type[BaseModel]) -> str:
    holder = model_at(model, path[:-1])
    for stem, file in FILES.items():
        if model is not file and holder is model and name in (stem, *file.model_fields, *written_fields(file)):
            return f"does not belong here: move it to {stem}.toml"
    lists = {info.alias: name for name, info in holder.model_fields.items() if info.alias}
    for one, many in lists.items():
        if name == many:
            return f"is unknown: write [[{_header((*path[:-1], one))}]] above each {one}"
    known = [f"[[{field}]]" if field in lists else field for field in written_fields(holder)]
    return f"is unknown: remove it or correct its name ({', '.join(known)})"


def written_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the fields of a model as a file names them, each with its name in the model."""
    return {field_info.alias or name: name for name, field_info in model.model_fields.items()}


def _is_list(model: type[BaseModel], path: Path) -> bool:
    """Whether a path leads to tables that are written with two brackets."""
    fields = model_at(model, path[:-1]).model_fields.values()
    return bool(path) and any(info.alias == path[-1] for info in fields)


def model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model that a path within a file leads to; where it leads to a plain value, that around it."""
    for part in path:
        name = written_fields(model).get(str(part))
        found = name and _model_in(model.model_fields[name].annotation)
        model = found or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, typing.get_args(annotation))), None)
