"""A decision about a case that has moved on since its sender looked is refused, and changes nothing."""

from tests import making
from tests.life import Life


def test_a_message_takes_effect_on_the_case_that_its_sender_saw() -> None:
    life = Life()
    life.says("note", seen=life.state.seq)
    assert life.kinds[-1] == "noted"


def test_a_message_about_a_case_that_has_moved_on_is_refused() -> None:
    life = Life()
    seen = life.state.seq
    life.says("note")
    assert life.refuses("respond", seen=seen).startswith(f"seen: case case-1 has moved on from {seen} to {seen + 1}")


def test_a_deadline_that_passed_meanwhile_moves_the_case_on_too() -> None:
    life = Life()
    seen = life.state.seq
    life.passes(days=11)
    assert life.refuses("respond", seen=seen).startswith("seen: ")


def test_a_message_that_took_effect_is_no_new_decision() -> None:
    life = Life()
    decided = making.message("note", seen=life.state.seq)
    assert len(life.says(decided)) == 1
    life.says("note")
    assert life.says(decided) == ()


def test_a_message_that_says_nothing_of_what_was_seen_is_taken_on_any_case() -> None:
    life = Life()
    life.says("note")
    life.says("respond")
    assert life.kinds[-1] == "responded"
