"""The numbers that the carrier gives out: unique because of whence they come, and opaque to everybody else."""

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def waybill(number: int) -> str:
    """Return the domestic waybill of the order with a number."""
    return f"P{_scattered(number, 11):011d}"


def freight_waybill(number: int) -> str:
    """Return the waybill of a freight order: UPU S10, with its check digit."""
    serial = f"{_scattered(number, 8):08d}"
    return f"CP{serial}{s10_check_digit(serial)}ID"


def payment_code(number: int) -> str:
    """Return what a citizen says at the counter."""
    return f"88{_scattered(number, 10):010d}"


def s10_check_digit(serial: str) -> int:
    """Return the check digit of eight digits, as UPU S10 wants it."""
    left = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(left, left)


def _scattered(number: int, digits: int) -> int:
    # The factor shares no divisor with 10, so that different numbers stay different.
    return number * 61_803_398_877 % int(10**digits)
