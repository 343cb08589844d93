"""Which names are seen where: mining fields, derived fields, outputs of earlier segments; it computes no column."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamscore_cli.engines.pmml.document.element import Element, unsupported
from streamscore_cli.engines.pmml.fields.field import Field

Lazy = Callable[[], Field]
"""Compiles a derived field when its name is first used, so that an unused one refuses no model."""

_REFERENCES = {"TextIndex": "textField"} | dict.fromkeys(
    ("FieldRef", "NormContinuous", "NormDiscrete", "Discretize", "FieldColumnPair"), "field"
)


class Scope:
    """Names of one model (or of one user-defined function), and behind them those of the model around it."""

    def __init__(self, parent: Scope | None = None) -> None:
        """Start empty."""
        self.parent = parent
        self._fields: dict[str, Field] = {}
        self._lazy: dict[str, tuple[Element, Lazy]] = {}
        self._open: set[str] = set()

    def add(self, field: Field) -> None:
        """Make a name mean this field, here and in the scopes within."""
        self._fields[field.name] = field

    def add_lazy(self, name: str, element: Element, compile_it: Lazy) -> None:
        """Make a name mean what `compile_it` returns when it is asked for."""
        self._lazy[name] = (element, compile_it)

    def own(self, name: str) -> Field | None:
        """Return what a name means in this scope alone."""
        found = self._fields.get(name)
        if found is not None or name not in self._lazy:
            return found
        self._compile(name)
        return self._fields[name]

    def find(self, name: str) -> Field | None:
        """Return what a name means here."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.own(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def _compile(self, name: str) -> None:
        """Compile a derived field after those that it refers to, whose chains may be longer than Python's stack."""
        waiting = [(self, name, self.begin(name))]
        while waiting:
            scope, waits, names = waiting[-1]
            for wanted in names:
                there = scope.waiting(wanted)
                if there is not None:
                    waiting.append((there, wanted, there.begin(wanted)))
                    break
            else:
                scope.finish(waits)
                waiting.pop()

    def begin(self, name: str) -> Iterator[str]:
        """Return the names that a derived field refers to; refuse one that is begun already."""
        element = self._lazy[name][0]
        if name in self._open:
            raise unsupported(element, f"defines the field {name!r} by itself")
        self._open.add(name)
        return iter(references(element))

    def finish(self, name: str) -> None:
        """Compile a derived field that was begun, after those that it refers to."""
        self._fields[name] = self._lazy[name][1]()
        self._open.discard(name)

    def waiting(self, name: str) -> Scope | None:
        """Return the scope in which a name is still to be compiled, if it is."""
        if name in self._fields:
            return None
        if name in self._lazy:
            return self
        return None if self.parent is None else self.parent.waiting(name)

    def field(self, name: str, user: Element) -> Field:
        """Return what a name means here, or refuse the element that uses it."""
        found = self.find(name)
        if found is None:
            raise unsupported(user, f"refers to the field {name!r}, which is not seen there")
        return found


def references(element: Element) -> list[str]:
    """Return the names of the fields that a DerivedField's expressions refer to, in document order."""
    names: list[str] = []
    waiting = [element] if element.tag == "DerivedField" else []
    while waiting:
        one = waiting.pop()
        name = one.get(_REFERENCES.get(one.tag, ""))
        if name is not None:
            names.append(name)
        waiting += [child for child in reversed(one.children) if child.tag != "InlineTable"]
    return list(dict.fromkeys(names))
