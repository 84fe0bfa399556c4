"""What the documents say about messages is what the code does."""

import re
from pathlib import Path

from domain.refusal import taken_in
from schemas.messages import MESSAGES
from schemas.status import Status

TABLE = Path(__file__).parent.parent.parent / "docs" / "life-of-a-case.md"


def test_the_table_of_messages_names_every_message_and_when_it_is_taken() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", TABLE.read_text(), flags=re.MULTILINE)
    said = {kind: set(Status) if when == "any status" else set(when.split(", ")) for kind, when in rows}
    assert said == {kind: set(taken_in(kind)) for kind in MESSAGES}
