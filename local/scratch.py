"""A folder for servers that are thrown away."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that the servers can work in, and remove it with everything at the end: stop them before."""
    with tempfile.TemporaryDirectory(prefix="kawal-") as name:
        folder = Path(name).resolve()
        if os.geteuid() == 0:
            folder.chmod(0o711)  # PostgreSQL, which then runs as another account, has to walk through
        yield folder
