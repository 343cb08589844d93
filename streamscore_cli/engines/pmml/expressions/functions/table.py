"""All built-in functions by name; a new group of them is one file and one line here."""

from __future__ import annotations

from streamscore_cli.engines.pmml.expressions.functions import arithmetic, dates, logic, normal, strings, text
from streamscore_cli.engines.pmml.expressions.functions.function import Function

FUNCTIONS: dict[str, Function] = {
    **arithmetic.FUNCTIONS,
    **logic.FUNCTIONS,
    **strings.FUNCTIONS,
    **dates.FUNCTIONS,
    **text.FUNCTIONS,
    **normal.FUNCTIONS,
}
