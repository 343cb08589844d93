"""What a model takes and gives, by name and type; it describes, it converts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """The type of a record's field or of a model's input or output; ANY: each value says its own (JSON fields)."""

    DOUBLE = "double"
    FLOAT = "float"
    INTEGER = "integer"
    STRING = "string"
    BOOLEAN = "boolean"
    ANY = "any"

    @property
    def is_numeric(self) -> bool:
        """Tell whether values of this type travel in float64 columns."""
        return self in {FieldType.DOUBLE, FieldType.FLOAT, FieldType.INTEGER}


@dataclass(frozen=True, slots=True)
class Field:
    """One named value; a `width` above 1 is that many numbers: a vector of a record, or a tensor that a model takes.

    Records may do without an `optional` input: the model itself says what it is then.
    """

    name: str
    type: FieldType
    width: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs a model takes and the outputs it gives, each in the model's own order."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...] = ()

    def __hash__(self) -> int:
        """Return a hash of the inputs' names, which tell models apart well enough: it is asked for every batch."""
        return hash(tuple(field.name for field in self.inputs))
