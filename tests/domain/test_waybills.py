"""A misread number of an international item is told from a right one and from the waybills of domestic items."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.waybills import is_s10, wrong_s10

WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
SERIALS = st.integers(0, 99_999_999).map("{:08d}".format)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("RB123456785GB", id="the example of the standard"),
        pytest.param("EE000000005ID", id="11 - 0 = 11 is written 5"),
        pytest.param("EE000001006ID", id="an ordinary digit"),
        pytest.param("EE003000000ID", id="11 - 1 = 10 is written 0"),
    ],
)
def test_a_number_with_its_check_digit_is_right(number: str) -> None:
    digits = [int(digit) for digit in number[2:10]]
    rest = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=True)) % 11
    assert int(number[10]) == {0: 5, 1: 0}.get(rest, 11 - rest), "worked out by hand"

    assert is_s10(number)
    assert not wrong_s10(number)


@given(SERIALS)
def test_of_the_ten_check_digits_exactly_one_is_right(serial: str) -> None:
    numbers = [f"RB{serial}{digit}ID" for digit in range(10)]

    assert sum(map(is_s10, numbers)) == 1
    assert all(is_s10(number) != wrong_s10(number) for number in numbers)


@given(SERIALS, st.integers(0, 7), st.integers(1, 9))
def test_one_digit_that_was_misread_is_noticed_unless_the_check_digit_is_5(serial: str, place: int, more: int) -> None:
    """The standard writes 5 for two remainders of eleven, as there are only ten digits."""
    (right,) = [number for digit in range(10) if is_s10(number := f"RB{serial}{digit}ID")]
    assume(right[10] != "5")
    misread = list(right)
    misread[2 + place] = str((int(serial[place]) + more) % 10)

    assert wrong_s10("".join(misread))


@pytest.mark.parametrize(
    "text",
    [
        "P26112200017",
        "20261122000017",
        "RB12345678GB",
        "RB1234567855GB",
        "rb123456785gb",
        "RB\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0665GB",
        "",
    ],
)
def test_what_has_another_form_is_neither_right_nor_wrong(text: str) -> None:
    assert not is_s10(text)
    assert not wrong_s10(text)
