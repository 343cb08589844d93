"""Strings as numbers: the words a model knows, and those a batch adds; it compares nothing but equality."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.column import Cells

_NONE = math.nan


class Vocabulary:
    """Gives words their codes while a model is compiled."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Start with these words, numbered from 0."""
        self._codes: dict[str, float] = {}
        for word in words:
            self.code(word)

    def code(self, word: str) -> float:
        """Return the code of a word, new or known."""
        return self._codes.setdefault(word, float(len(self._codes)))

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words in the order of their codes."""
        return tuple(self._codes)


class Dictionary:
    """The words of a compiled model, never changed; one for all batches."""

    __slots__ = ("codes", "words")

    def __init__(self, words: tuple[str, ...]) -> None:
        """Index the words."""
        self.words = words
        self.codes: dict[object, float] = {word: float(code) for code, word in enumerate(words)}
        self.codes[None] = _NONE


class BatchWords:
    """The words of a model and, behind them, those that only this batch has."""

    __slots__ = ("_base", "_codes", "_words")

    def __init__(self, base: Dictionary) -> None:
        """Start with the model's words alone."""
        self._base = base
        self._codes: dict[str, float] = {}
        self._words: list[str] = []

    def code(self, word: str) -> float:
        """Return the code of a word, known or new to this batch."""
        known = self._base.codes.get(word)
        if known is not None:
            return known
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = float(len(self._base.words) + len(self._words))
            self._words.append(word)
        return code

    def word(self, code: float) -> str:
        """Return the word of a code."""
        place, known = int(code), len(self._base.words)
        return self._base.words[place] if place < known else self._words[place - known]

    def encode(self, texts: NDArray[np.object_]) -> Cells:
        """Return the codes of an array of str and None."""
        listed = texts.tolist()
        known = self._base.codes
        try:
            return np.array([known[text] for text in listed], dtype=np.float64)
        except KeyError:
            return np.array([_NONE if text is None else self.code(text) for text in listed], dtype=np.float64)

    def decode(self, cells: Cells) -> NDArray[np.object_]:
        """Return an array of str and None."""
        result = np.empty(len(cells), dtype=object)
        result[:] = [None if math.isnan(code) else self.word(code) for code in cells.tolist()]
        return result
