"""A carrier that is away is not stormed, and not forgotten."""

from contextlib import suppress
from datetime import timedelta

import pytest

from carriers.circuit import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Circuit
from carriers.protocol import CarrierAwayError, CarrierRefusedError


class Line:
    """A line to a carrier, with a clock that goes on by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reached = 0
        self.circuit = Circuit(clock=lambda: self.now)

    def call(self, problem: Exception | None = None) -> None:
        with self.circuit.calling():
            self.reached += 1
            if problem is not None:
                raise problem

    def fails(self, times: int = 1, *, retry_after: float | None = None) -> float | None:
        """Let calls find the carrier away; return how long the last is told to wait."""
        away = CarrierAwayError("answers 503", timedelta(seconds=retry_after) if retry_after else None)
        for _ in range(times):
            with pytest.raises(CarrierAwayError) as raised:
                self.call(away)
        wait = raised.value.retry_after
        return wait.total_seconds() if wait else None


@pytest.fixture
def line() -> Line:
    return Line()


def test_fewer_failures_than_five_in_a_row_keep_nobody_from_calling(line: Line) -> None:
    for _ in range(3):
        assert line.fails(FAILURES - 1) is None
        line.call()
    assert line.reached == 3 * FAILURES


def test_after_five_failures_calls_fail_at_once_and_say_how_long_the_rest_is(line: Line) -> None:
    assert line.fails(FAILURES) == FIRST_PAUSE
    line.now = 0.25
    assert line.fails(10) == FIRST_PAUSE - 0.25
    assert line.reached == FAILURES


def test_after_the_pause_one_call_tries_while_the_others_wait_for_what_comes_of_it(line: Line) -> None:
    line.fails(FAILURES)
    line.now = FIRST_PAUSE
    with line.circuit.calling():
        assert line.fails(3) == 2 * FIRST_PAUSE
        assert line.reached == FAILURES
    line.call()
    assert line.reached == FAILURES + 1


def test_a_refusal_shows_that_the_carrier_is_there(line: Line) -> None:
    line.fails(FAILURES)
    line.now = FIRST_PAUSE
    with pytest.raises(CarrierRefusedError):
        line.call(CarrierRefusedError("invalid", "destination.phone"))
    line.call()
    assert line.fails() is None


def test_pauses_double_up_to_a_minute(line: Line) -> None:
    pauses = [line.fails(FAILURES)]
    for _ in range(2000):
        line.now += pauses[-1] or 0
        pauses.append(line.fails())
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_a_carrier_that_wants_to_be_left_alone_for_longer_is(line: Line) -> None:
    line.fails(FAILURES - 1)
    assert line.fails(retry_after=300) == 300
    line.now = 299
    assert line.fails() == 1
    assert line.reached == FAILURES


def test_a_call_that_began_before_the_pause_does_not_make_it_longer(line: Line) -> None:
    slow = CarrierAwayError("ReadTimeout")
    with suppress(CarrierAwayError), line.circuit.calling():
        line.fails(FAILURES)
        line.now = 0.5
        raise slow
    assert slow.retry_after == timedelta(seconds=FIRST_PAUSE - 0.5)


def test_a_try_that_is_broken_off_leaves_the_next_call_to_try(line: Line) -> None:
    line.fails(FAILURES)
    line.now = FIRST_PAUSE
    with pytest.raises(KeyboardInterrupt), line.circuit.calling():
        raise KeyboardInterrupt
    line.call()
    assert line.reached == FAILURES + 1
