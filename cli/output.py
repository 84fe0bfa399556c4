"""How every command speaks: tables and plain words for people, one JSON document with --json; errors without traces."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.markup import escape

from schemas.problems import in_words

Json = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document instead of text for people.")]

to_people = Console(highlight=False)
progress_console = Console(stderr=True, highlight=False)


def say(text: str = "", *, markup: bool = True) -> None:
    """Print a line for people. Only a terminal breaks it, so that what it holds can be copied and searched."""
    to_people.print(text, soft_wrap=True, markup=markup)


def moment(at: datetime) -> str:
    """Return a moment as people read it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def as_json(value: Any) -> None:
    """Print one JSON document."""
    document = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()  # whoever reads it may not wait for the end of this program


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show what is being done, on standard error: in one place on a terminal, line by line elsewhere."""
    if progress_console.is_terminal:
        with progress_console.status("") as status:
            yield status.update
    else:
        yield progress_console.print


@contextmanager
def clear_errors(json_wanted: bool, *expected: type[Exception]) -> Iterator[None]:
    """Turn expected errors into one clear message and exit status 1; anything else is a bug and keeps its trace."""
    try:
        yield
    except ValidationError as error:
        _fail(in_words(error), json_wanted)
    except expected as error:
        _fail(str(error) or f"no answer in time ({type(error).__name__})", json_wanted)


def _fail(message: str, json_wanted: bool) -> None:
    if json_wanted:
        as_json({"error": message})
    else:
        progress_console.print(f"[red]{escape(message)}[/red]", soft_wrap=True)
    raise typer.Exit(1)
