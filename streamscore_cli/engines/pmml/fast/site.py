"""What the faster models are built for: the matrix of plain rows, and where a program's columns are in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """`places`: by column, its row of the matrix, or -1; `rows`: how many that has; `words`: how many there are.

    `singles`: the rows whose cells are numbers of 32 bits.
    """

    places: tuple[int, ...]
    rows: int
    words: int
    singles: tuple[int, ...] = ()
