"""Deciding what happened and committing it, so that state and database never differ, whatever dies in between."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

State = TypeVar("State")
Event = TypeVar("Event")
Transition = TypeVar("Transition")
T_co = TypeVar("T_co", covariant=True)


class Outcome(Protocol[T_co]):
    """What came of a commit."""

    @property
    def written_before(self) -> tuple[T_co, ...]:
        """What others wrote under these numbers; nothing was written then."""

    @property
    def moments(self) -> dict[str, datetime]:
        """When the events happened that were decided about, as they were written."""

    @property
    def history_length(self) -> int:
        """How many events the history had when it was written."""


@dataclass(frozen=True)
class Core(Generic[State, Event, Transition]):
    """The pure functions that a life follows."""

    decide_all: Callable[[State, Iterable[Event]], tuple[State, tuple[Transition, ...]]]
    evolve_all: Callable[[State, Iterable[Transition]], State]
    moments: Callable[[Iterable[Event]], dict[str, datetime]]
    at_moment: Callable[[Event, Mapping[str, datetime]], Event]


@dataclass(frozen=True)
class Settled(Generic[State]):
    """How a life stands once its events are committed."""

    state: State
    history_length: int
    """In events, when it was last committed; 0 when there was nothing to commit."""


async def settle(
    core: Core[State, Event, Transition],
    state: State,
    events: Sequence[Event],
    commit: Callable[[State, tuple[Transition, ...], dict[str, datetime]], Awaitable[Outcome[Transition]]],
) -> Settled[State]:
    """Decide what events lead to and commit it; only what is committed becomes the state.

    A commit is durable before the workflow task that made it. If that task is lost, it is run again, perhaps with other
    events; then what the lost one committed stands, and is adopted. The commit gives back the moments that it was made
    with: its answer is part of the history, the clock that a replay reads is not quite.
    """
    while True:
        draft, transitions = core.decide_all(state, events)
        if not transitions:
            return Settled(state, 0)
        moments = core.moments(events)
        outcome = await commit(draft, transitions, moments)
        if outcome.written_before:
            state = core.evolve_all(state, outcome.written_before)
            continue
        if outcome.moments not in ({}, moments):
            draft, _ = core.decide_all(state, [core.at_moment(event, outcome.moments) for event in events])
        return Settled(draft, outcome.history_length)
