"""The arrows between folders, and what the deterministic folders may not touch."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
DETERMINISTIC = sorted([*ROOT.glob("domain/*.py"), *ROOT.glob("workflows/*.py")])

FORBIDDEN = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "monotonic"),
    ("os", "environ"),
    ("os", "getenv"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
    ("workflow", "unsafe_now"),
}
FORBIDDEN_MODULES = {"holidays", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time", "uuid",
                     "zoneinfo"}  # fmt: skip


def test_imports_follow_the_arrows_between_the_folders() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == EXIT_STATUS_SUCCESS


def forbidden_in(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in FORBIDDEN:
                found.append(f"{owner}.{name}")
            case ast.Call(func=ast.Name(id=("open" | "input" | "print") as name)):
                found.append(name)
            case ast.Import(names=names):
                found += [alias.name for alias in names if alias.name.split(".")[0] in FORBIDDEN_MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
                found.append(module)
    return found


@pytest.mark.parametrize("path", DETERMINISTIC, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_in_domain_or_workflows_reads_clocks_chance_environment_or_files(path: Path) -> None:
    assert forbidden_in(path) == []


def test_the_check_itself_finds_what_is_forbidden(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import random\nfrom os.path import join\nx = datetime.now()\ny = open(join('a'))\n")
    assert set(forbidden_in(bad)) == {"random", "os.path", "datetime.now", "open"}
