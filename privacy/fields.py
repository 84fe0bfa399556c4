"""Sealing the fields of a record, each on its own: what is masked or shown needs no other opened."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from privacy.sealing import seal, unseal


def seal_fields(key: bytes, fields: Mapping[str, Any], of: str) -> dict[str, str]:
    """Return each field that is not None sealed, as text. `of` names the record, e.g. complaint:K261122-7KQ2ABCD."""
    return {
        name: base64.b64encode(seal(key, json.dumps(value).encode(), f"{of}:{name}")).decode()
        for name, value in fields.items()
        if value is not None
    }


def unseal_fields(key: bytes, sealed: Mapping[str, str], of: str) -> dict[str, Any]:
    """Return the fields as they were.

    Raises:
        privacy.sealing.SealBrokenError: one is not what was sealed there.
    """
    return {name: json.loads(unseal(key, base64.b64decode(value), f"{of}:{name}")) for name, value in sealed.items()}
