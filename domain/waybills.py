"""Numbers of international items in the form of UPU S10: two letters, eight digits, a check digit, two letters."""

import re

_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}", re.ASCII)
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def is_s10(text: str) -> bool:
    """Return whether a text is the number of an international item, with the right check digit."""
    return _S10.fullmatch(text) is not None and not wrong_s10(text)


def wrong_s10(text: str) -> bool:
    """Return whether a text looks like such a number and has another check digit than it must: it was misread.

    Any other text is not wrong: the waybills of domestic items have no check digit that is known.
    """
    found = _S10.fullmatch(text)
    return found is not None and found[2] != _check_digit(found[1])


def _check_digit(serial: str) -> str:
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, serial, strict=True)) % 11
    return {10: "0", 11: "5"}.get(rest, str(rest))
