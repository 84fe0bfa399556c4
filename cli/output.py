"""How every command speaks: tables and plain words for people, one JSON document with --json; errors without traces."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console

from schemas.problems import in_words

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text for people.")]

to_people = Console(highlight=False)
progress_console = Console(stderr=True, highlight=False)


def as_json(value: Any) -> None:
    """Print one JSON document."""
    document = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


@contextmanager
def clear_errors(json_wanted: bool, *expected: type[Exception]) -> Iterator[None]:
    """Turn expected errors into one clear message and exit status 1; anything else is a bug and keeps its trace."""
    try:
        yield
    except ValidationError as error:
        _fail(in_words(error), json_wanted)
    except expected as error:
        _fail(str(error.args[0] if isinstance(error, LookupError) else error), json_wanted)


def _fail(message: str, json_wanted: bool) -> None:
    if json_wanted:
        as_json({"error": message})
    else:
        progress_console.print(f"[red]{_escaped(message)}[/red]")
    raise typer.Exit(1)


def _escaped(message: str) -> str:
    return message.replace("[", r"\[")
