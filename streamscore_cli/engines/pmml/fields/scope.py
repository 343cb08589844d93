"""Which names are seen where: mining fields, derived fields, outputs of earlier segments; it computes no column."""

from __future__ import annotations

from collections.abc import Callable

from streamscore_cli.engines.pmml.document.element import Element, unsupported
from streamscore_cli.engines.pmml.fields.field import Field

Lazy = Callable[[], Field]
"""Compiles a derived field when its name is first used, so that an unused one refuses no model."""


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
        element, compile_it = self._lazy[name]
        if name in self._open:
            raise unsupported(element, f"defines the field {name!r} by itself")
        self._open.add(name)
        try:
            field = self._fields[name] = compile_it()
        finally:
            self._open.discard(name)
        return field

    def find(self, name: str) -> Field | None:
        """Return what a name means here."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.own(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def field(self, name: str, user: Element) -> Field:
        """Return what a name means here, or refuse the element that uses it."""
        found = self.find(name)
        if found is None:
            raise unsupported(user, f"refers to the field {name!r}, which is not seen there")
        return found
