"""Codes for what a source names freely."""

import hashlib
import re
import unicodedata

from pydantic import TypeAdapter, ValidationError

from schemas.base import Code

_CODE: TypeAdapter[str] = TypeAdapter(Code)
_LONGEST = 120
_SEAL = 8


def as_code(text: str) -> str:
    """Return the code of a name: the name itself where it can be one.

    Otherwise it loses its accents and its length, and gets the beginning of its hash, so that two names never share
    one code. The same name always has the same code.
    """
    name = text.strip()
    try:
        return _CODE.validate_python(name)
    except ValidationError:
        seal = hashlib.sha256(name.encode()).hexdigest()[:_SEAL]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^!-~]+", " ", plain).strip()
    return f"{plain[: _LONGEST - _SEAL - 1].strip()}~{seal}"


def place_codes(names: list[str]) -> tuple[str, ...]:
    """Return the code of every place on a path, outermost first: ["Semampir", "Ujung"] has Semampir and Semampir/Ujung.

    The slash with nothing around it separates two places, so one within a name gets a space on either side.
    """
    spaced = [re.sub(r"\s*/\s*", " / ", name.strip()) for name in names]
    return tuple(as_code("/".join(spaced[: depth + 1])) for depth in range(len(spaced)))
