from collections.abc import Iterator
from pathlib import Path

import pytest

from local.scratch import scratch_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Unlike tmp_path, which is closed to other accounts, one that PostgreSQL can enter when root tests."""
    with scratch_folder() as path:
        yield path
