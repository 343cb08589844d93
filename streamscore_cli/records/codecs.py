"""Which codec reads the records of a topic, by its settings; the codecs themselves know no settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.choices import RecordFormat
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.records.codec import RecordCodec
from streamscore_cli.records.json_codec import JsonCodec
from streamscore_cli.records.message_type import find_message
from streamscore_cli.records.protobuf import ProtobufCodec


def _json_codec(settings: RecordSettings) -> RecordCodec:
    if settings.data_type_field in settings.vectors:
        raise SettingsError(
            f"records.vectors has {settings.data_type_field!r}, which names the data type of a record.",
            "A list of numbers names none: change records.vectors or records.data_type_field.",
        )
    return JsonCodec(settings.fields, settings.data_type_field, settings.vectors)


CODECS: Mapping[RecordFormat, Callable[[RecordSettings], RecordCodec]] = MappingProxyType(
    {
        RecordFormat.PROTOBUF: lambda settings: ProtobufCodec(find_message(settings.message, settings.descriptor_set)),
        RecordFormat.JSON: _json_codec,
    }
)


def codec_for(settings: RecordSettings) -> RecordCodec:
    """Return the codec that `settings` ask for; raises `SettingsError` when they ask for what cannot be."""
    return CODECS[settings.format](settings)
