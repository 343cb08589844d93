"""Rows of an input as messages, those that cannot be used named by their line; it sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import OnBadRow
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.publishing.records import Messages, RowEncoder, encode_good_rows
from streamscore_cli.records.codecs import codec_for
from streamscore_cli.records.row_chunk import Chunks, RowChunk
from streamscore_cli.records.rows import read_rows


class BadRows:
    """What becomes of rows that cannot be used: the first ends the run, or each is named and counted."""

    def __init__(self, policy: OnBadRow, say: Callable[[str], None]) -> None:
        """Take the user's choice, and who is told of skipped rows."""
        self._policy = policy
        self._say = say
        self.count = 0

    @property
    def fatal(self) -> bool:
        """Tell whether the first bad row ends the run."""
        return self._policy is OnBadRow.FAIL

    def take(self, error: RowUnreadable) -> None:
        """Raise `error`, or name and count it."""
        if self.fatal:
            hint = error.hint or "Correct the row, or go on without it: --on-bad-row skip."
            raise RowUnreadable(error.message, line=error.line, column=error.column, hint=hint) from error
        self.count += 1
        self._say(f"skipped {error.message}")


def row_encoder(records: RecordSettings, key_field: str = "") -> RowEncoder:
    """Return what encodes rows as records; raises `SettingsError` when their message type is not there."""
    data_type = records.implied_data_type
    return RowEncoder(codec_for(records), records.data_type_field, data_type, key_field)


def read_messages(
    stream: Iterable[bytes], encoder: RowEncoder, bad_rows: BadRows, chunks: Chunks
) -> Iterator[Messages]:
    """Read and encode rows in chunks; those before a row that ends the run still come.

    Raises `RowUnreadable` when the input as a whole cannot be read, and as `bad_rows` does.
    """
    fields, data_type_field = encoder.codec.fields, encoder.data_type_field
    for chunk in read_rows(stream, None, fields, chunks, data_type_field=data_type_field):
        cut = chunk.failures and bad_rows.fatal
        yield from _encoded(chunk.before(chunk.failures[0].line) if cut else chunk, encoder, bad_rows)
        for failure in chunk.failures:
            bad_rows.take(failure)


def collected(chunks: Iterable[Messages]) -> Messages:
    """Return the messages of all chunks as one, without keys."""
    return Messages(list(chain.from_iterable(chunk.values for chunk in chunks)))


def _encoded(chunk: RowChunk, encoder: RowEncoder, bad_rows: BadRows) -> Iterator[Messages]:
    def on_bad(row: int, error: RowUnreadable) -> None:
        line = chunk.lines[row]
        place = f"line {line}, column {error.column!r}" if error.column else f"line {line}"
        problem = error.message.partition(": ")[2] or error.message
        bad_rows.take(RowUnreadable(f"{place}: {problem}", line=line, column=error.column))

    return encode_good_rows(chunk.columns, encoder.encode, on_bad)
