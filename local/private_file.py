"""Files that hold something secret or personal: whole or not at all, and for this account alone."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place of whatever stood there, also if others could read that.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # one of a process that died may have been anybody's to read
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
    draft.replace(path)
