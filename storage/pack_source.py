"""A file of a policy pack as it was read: its content, and where everything in it stands."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any

from storage import toml_lines
from storage.pack_problems import Problem
from storage.toml_lines import Path


@dataclass(frozen=True)
class SourceFile:
    """A file of a pack as it was read: its content, and where everything in it stands."""

    name: str
    raw: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    lines: dict[Path, int] = field(default_factory=dict)

    def problem(self, path: Path, problem: str, place: str | None = None) -> Problem:
        """Return a problem with the value that a path leads to, or would lead to if it were there."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known) if known else None
        place = self.in_words(path) if place is None else place
        return Problem(file=self.name, line=line, place=place, problem=problem.removeprefix(f"{place} "))

    def in_words(self, path: Path) -> str:
        """Return a path as people say it: "ladder default, level 2 (Head of division), limit"."""
        words: list[str] = []
        data: Any = self.raw
        for part in path:
            data = _part(data, part)
            if isinstance(part, int) and words:
                words[-1] += f" {_label(data, part)}"
            else:
                words.append(str(part))
        return ", ".join(words)


def _part(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _label(entry: Any, number: int) -> str:
    """Return how an entry of a list is called: by its code, or by its number and title."""
    if not isinstance(entry, dict):
        return str(number + 1)
    title = entry.get("title")
    code = entry.get("code") or entry.get("rule") or entry.get("date") or number + 1
    return f"{code} ({title})" if title else str(code)


def read(folder: Folder, stem: str) -> SourceFile | Problem:
    """Read one file of a pack, or say why it cannot be read."""
    path = folder / f"{stem}.toml"
    text = text_of(path)
    if isinstance(text, Problem):
        return text
    try:
        return SourceFile(path.name, tomllib.loads(text), text, toml_lines.lines(text))
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        found = re.match(r"line (\d+), column (\d+)", where)
        line = int(found[1]) if found else text.count("\n") + 1
        return Problem(file=path.name, line=line, problem=f"is not TOML: {what}: correct this line or the one before")


def text_of(path: Folder) -> str | Problem:
    """Return what a file holds, or say why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")  # -sig: some editors put a mark at the beginning
    except OSError as error:
        return Problem(file=path.name, problem=f"cannot be read ({error.strerror}): add the file, or let it be read")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        return Problem(file=path.name, line=line, problem="is not UTF-8: save the file in the encoding UTF-8")
