"""What is told about a policy pack: each mistake with its file, its line, its place in words, and the mend."""

from pathlib import Path

from pydantic import computed_field

from schemas.base import Model


class Problem(Model):
    """A mistake in a pack, or something to know about it."""

    file: str
    line: int | None = None
    place: str = ""
    problem: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        """The whole in one sentence."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return ": ".join(filter(None, (where, self.place, self.problem)))

    def __str__(self) -> str:
        """Return the whole in one sentence."""
        return self.text


class PolicyError(ValueError):
    """A policy pack cannot be used. Its text names every mistake: the file, the line, the place and the mend."""

    def __init__(self, folder: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(folder, problems)
        self.folder, self.problems = folder, problems

    def __str__(self) -> str:
        """Return one line per mistake below a heading."""
        return "\n- ".join([f"the policy pack {self.folder} cannot be used:", *map(str, self.problems)])
