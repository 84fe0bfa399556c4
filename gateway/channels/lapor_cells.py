"""What the cells of one row say, and which of them has to be mended."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.channels.tables import Cell, Row, Unreadable, folded

_T = TypeVar("_T")


class WrongCellError(ValueError):
    """A cell has to be mended. Holds nothing of what it says."""

    def __init__(self, column: str | None, field: str, mend: str) -> None:
        super().__init__(f"{field}: {mend}")
        self.column = column or ""


@dataclass(frozen=True)
class Cells:
    """The cells of a row by their columns. A column that the mapping does not name says nothing."""

    row: Row
    nothing: AbstractSet[str]
    """What stands in cells that say nothing, as names are compared."""

    def raw(self, column: str) -> Cell:
        """Return what stands in a cell."""
        return self.row.cells[column]

    def said(self, field: str, column: str | None) -> str | None:
        """Return what a cell says as text, or None when it says nothing.

        Raises:
            WrongCellError: it says nothing certain.
        """
        if column is None:
            return None
        cell = self.raw(column)
        if isinstance(cell, Unreadable):
            raise WrongCellError(column, field, cell.mend)
        text = str(cell)
        return None if folded(text) in self.nothing else text

    def checked(self, field: str, column: str | None, kind: TypeAdapter[_T], mend: str) -> _T | None:
        """Return what a cell says, if anything.

        Raises:
            WrongCellError: it says nothing of this kind.
        """
        text = self.said(field, column)
        if text is None:
            return None
        try:
            return kind.validate_python(text)
        except ValidationError:
            raise WrongCellError(column, field, mend) from None
