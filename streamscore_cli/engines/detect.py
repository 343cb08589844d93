"""The format of a model, told from its bytes alone; it loads nothing and does not say whether the model is any good."""

from __future__ import annotations

import codecs
import io
import zipfile

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.models import ModelFormat
from streamscore_cli.core.protobuf_fields import LENGTH_DELIMITED, VARINT, NotProtobuf, WireField, fields_of
from streamscore_cli.engines.pmml_guard import root_element

_TAKEN = "Publish PMML, a frozen TensorFlow graph, a zipped TensorFlow SavedModel or ONNX."
_RUNS_CODE = "loading it runs whatever code its author put in"
_REFUSED_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file (Keras .h5): {_RUNS_CODE}"),
    (b"\x1f\x8b", "gzip-compressed (a joblib pickle or an archive): it is not unpacked"),
    (b"BZh", "bzip2-compressed (a joblib pickle or an archive): it is not unpacked"),
    (b"\xfd7zXZ\x00", "xz-compressed (a joblib pickle or an archive): it is not unpacked"),
    (b"\x04\x22\x4d\x18", "lz4-compressed (a joblib pickle): it is not unpacked"),
    (b"\x78\x01", f"zlib-compressed (a joblib pickle): {_RUNS_CODE}"),
    (b"\x78\x5e", f"zlib-compressed (a joblib pickle): {_RUNS_CODE}"),
    (b"\x78\x9c", f"zlib-compressed (a joblib pickle): {_RUNS_CODE}"),
    (b"\x78\xda", f"zlib-compressed (a joblib pickle): {_RUNS_CODE}"),
    *((bytes((0x80, protocol)), f"a Python pickle: {_RUNS_CODE}") for protocol in range(2, 6)),
)
_PICKLE_0_STARTS = (b"(", b"c", b"ccopy_reg\n", b"}", b"]")
_XML_STARTS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\x00", b"\x00<")
_ZIP_START = b"PK\x03\x04"
_FIELDS_LOOKED_AT = 100_000
_SMALL_VERSION = 1_000

_NODE = 1
_ONNX_GRAPH = 7
_META_GRAPH = 2


def detect_format(data: bytes) -> ModelFormat:
    """Return the format of the model in `data`.

    Raises `ModelRejected` for what is refused (pickle, joblib, HDF5, Keras archives, documents with a DOCTYPE) and for
    what is no model at all; the message says what it is and why.
    """
    if not data:
        raise ModelRejected("The model is empty (0 bytes).", _TAKEN)
    for start, what in _REFUSED_STARTS:
        if data.startswith(start):
            raise ModelRejected(f"The model is {what}.", _TAKEN)
    if data.startswith(_ZIP_START):
        return _zip_format(data)
    # A frozen graph whose first node has 60 bytes begins with a line feed and a <, as a document may.
    if _looks_like_xml(data) and not (data.startswith(b"\n<") and _is_frozen_graph(_fields(data), data)):
        return _xml_format(data)
    return _protobuf_format(data)


def _looks_like_xml(data: bytes) -> bool:
    return data.startswith(_XML_STARTS) or data[:1024].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def _xml_format(data: bytes) -> ModelFormat:
    root = root_element(data)
    if root != "PMML":
        raise ModelRejected(f"The model is an XML document with the root element '{root[:80]}', not PMML.", _TAKEN)
    return ModelFormat.PMML


def _zip_format(data: bytes) -> ModelFormat:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise ModelRejected(f"The model is a zip archive that cannot be read: {error}.", _TAKEN) from None
    if "saved_model.pb" in names:
        return ModelFormat.TENSORFLOW_SAVED_MODEL
    if names & {"config.json", "model.weights.h5"}:
        raise ModelRejected(f"The model is a Keras archive (.keras): {_RUNS_CODE}.", _TAKEN)
    if "data.pkl" in names:
        raise ModelRejected(f"The model is a PyTorch archive (pickle): {_RUNS_CODE}.", _TAKEN)
    raise ModelRejected("The model is a zip archive without a saved_model.pb in it.", _TAKEN)


def _protobuf_format(data: bytes) -> ModelFormat:
    fields = _fields(data)
    if _is_frozen_graph(fields, data):
        return ModelFormat.TENSORFLOW
    first = _first(fields)
    if first is not None and _is_small_varint(data, first):
        kinds = {(field.number, field.wire_type) for field in fields}
        if (_ONNX_GRAPH, LENGTH_DELIMITED) in kinds:
            return ModelFormat.ONNX
        if (_META_GRAPH, LENGTH_DELIMITED) in kinds:
            raise ModelRejected(
                "The model is a saved_model.pb alone: its variables are in files beside it.",
                "Publish a zip archive of the whole SavedModel directory.",
            )
    raise ModelRejected(f"The model is {_best_guess(data)}.", _TAKEN)


def _fields(data: bytes) -> list[WireField]:
    """Return the top-level fields of a message, none where it is not one."""
    try:
        return list(fields_of(data, 0, len(data), _FIELDS_LOOKED_AT))
    except NotProtobuf:
        return []


def _first(fields: list[WireField]) -> WireField | None:
    return next((field for field in fields if field.number == _NODE), None)


def _is_frozen_graph(fields: list[WireField], data: bytes) -> bool:
    first = _first(fields)
    return first is not None and first.wire_type == LENGTH_DELIMITED and _is_node(data, first)


def _is_node(data: bytes, field: WireField) -> bool:
    """Tell whether a field holds a NodeDef: a name and an op, both non-empty text."""
    try:
        inner = list(fields_of(data, field.start, field.end, _FIELDS_LOOKED_AT))
    except NotProtobuf:
        return False
    texts = {item.number: data[item.start : item.end] for item in inner if item.wire_type == LENGTH_DELIMITED}
    return all(texts.get(number, b"").isascii() and texts.get(number) for number in (1, 2))


def _is_small_varint(data: bytes, field: WireField) -> bool:
    value = int.from_bytes(data[field.start : field.end], "little")
    return field.wire_type == VARINT and value < _SMALL_VERSION


def _best_guess(data: bytes) -> str:
    if data[4:8] == b"TFL3":
        return "a TensorFlow Lite file, which no engine reads"
    if data[4:8] == b"ORTM":
        return "in ONNX Runtime's own format (.ort), which is not checked: publish the .onnx file that it was made from"
    if data.startswith(_PICKLE_0_STARTS) and data.rstrip().endswith(b"."):
        return f"a Python pickle: {_RUNS_CODE}"
    return f"of no format known here (its first bytes are {data[:8].hex(' ')})"
