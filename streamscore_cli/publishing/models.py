"""Model files to messages of the models topic, each checked before the first is sent; it loads no model."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from streamscore_cli.config.settings import RecordSettings
from streamscore_cli.core.errors import ModelRejected, UsageProblem
from streamscore_cli.core.models import Artifact, ModelDescriptor, ModelFormat
from streamscore_cli.engines.detect import detect_format
from streamscore_cli.publishing.pacing import Metronome, wait_for
from streamscore_cli.publishing.session import Session
from streamscore_cli.records.descriptor import encode_descriptor

SUFFIXES = frozenset({".pmml", ".xml", ".pb", ".onnx", ".zip"})
"""Files of a directory that are taken for models; a file that is named may be called anything."""

SAVED_MODEL_FILE = "saved_model.pb"
"""What makes a directory a TensorFlow SavedModel."""

MESSAGE_OVERHEAD_BYTES = 512
"""Room for what Kafka adds to a key and a value: a record batch has 61 bytes, a record some 20."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP_MODE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class Naming:
    """What the user says about a model; what is empty is derived from the file."""

    data_type: str
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a message the models topic takes, and how large a model servers admit."""

    topic: str
    message_bytes: int
    model_bytes: int


@dataclass(frozen=True, slots=True)
class OutgoingModel:
    """A model ready to be sent: its descriptor and the message that carries it."""

    path: Path
    descriptor: ModelDescriptor
    format: ModelFormat
    key: bytes
    value: bytes


def data_type_of(records: RecordSettings) -> str:
    """Return the data type in the settings, else `wine` for the example's records.

    Raises `UsageProblem` when neither of them tells.
    """
    found = records.implied_data_type
    if not found:
        raise UsageProblem(
            "Which data type is this for? Neither --data-type nor records.data_type in the settings says it.",
            "Pass --data-type NAME, the data type of the records that the model is to score.",
        )
    return found


def model_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the models among `paths`, PMML first; of a directory those in it, by name.

    A SavedModel's directory is one model. Raises `UsageProblem` for a path that is not there or holds no model.
    """
    found = [model for path in paths for model in _models_at(path)]
    return tuple(sorted(found, key=lambda path: path.suffix.lower() not in {".pmml", ".xml"}))


def _models_at(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageProblem(f"There is no file or directory {path}.", "Name a model file, or a directory of models.")
    if not path.is_dir() or (path / SAVED_MODEL_FILE).is_file():
        return [path]
    found = sorted(
        entry
        for entry in path.iterdir()
        if (entry.is_file() and entry.suffix.lower() in SUFFIXES) or (entry / SAVED_MODEL_FILE).is_file()
    )
    if not found:
        endings = ", ".join(sorted(SUFFIXES))
        raise UsageProblem(
            f"The directory {path} holds no model ({endings}, or a SavedModel's directory).", "Name the file itself."
        )
    return found


def read_artifact(path: Path) -> Artifact:
    """Read a model's bytes and recognise its format from them; a SavedModel's directory becomes a zip archive.

    Raises `ModelRejected` naming the file when the content is no model's, `UsageProblem` when it cannot be read.
    """
    try:
        data = zip_directory(path) if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise UsageProblem(f"The model {path} cannot be read: {error.strerror}.") from error
    try:
        return Artifact.of(detect_format(data), data)
    except ModelRejected as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from error


def zip_directory(directory: Path) -> bytes:
    """Pack the files of a directory, the same bytes for the same files everywhere: sorted, dateless, not compressed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(entry for entry in directory.rglob("*") if entry.is_file()):
            member = zipfile.ZipInfo(file.relative_to(directory).as_posix(), _ZIP_EPOCH)
            member.external_attr = _ZIP_MODE
            member.create_system = 3
            archive.writestr(member, file.read_bytes())
    return packed.getvalue()


def outgoing_model(path: Path, naming: Naming) -> OutgoingModel:
    """Make the message of the model at `path`: name from the file's stem, description from format and file name.

    Raises as `read_artifact`.
    """
    artifact = read_artifact(path)
    descriptor = ModelDescriptor(
        name=naming.name or path.stem,
        description=naming.description or f"{artifact.format.value} model from {path.name}",
        data_type=naming.data_type,
        artifact=artifact,
    )
    return OutgoingModel(path, descriptor, artifact.format, naming.data_type.encode(), encode_descriptor(descriptor))


def check_size(model: OutgoingModel, limits: Limits) -> None:
    """Raise `ModelRejected`, with the limits and the way out, when the model is too large to be sent or admitted."""
    size = len(model.key) + len(model.value) + MESSAGE_OVERHEAD_BYTES
    if size > limits.message_bytes:
        raise ModelRejected(
            f"The model {model.path} makes a message of {size:,} bytes; the topic {limits.topic} takes "
            f"{limits.message_bytes:,} (its max.message.bytes). Nothing was sent.",
            f"Raise max.message.bytes of {limits.topic} to {size:,} or more, or publish a smaller model.",
        )
    artifact = model.descriptor.artifact
    if artifact is not None and artifact.size_bytes > limits.model_bytes:
        raise ModelRejected(
            f"The model {model.path} has {artifact.size_bytes:,} bytes; servers admit {limits.model_bytes:,} "
            "(models.max_bytes). Nothing was sent.",
            "Raise models.max_bytes in the settings here and of the servers, or publish a smaller model.",
        )


def publish_models(
    models: Sequence[OutgoingModel], topic: str, interval_s: float, session: Session, *, repeat: bool
) -> None:
    """Send the models in order, one an interval, once or again and again until a stop is asked for."""
    metronome = Metronome(interval_s, session.clock)
    for model in cycle(models) if repeat else models:
        while not session.stop.requested and not metronome.due():
            wait_for((metronome,), session.stop)
        if session.stop.requested:
            return
        send_model(model, topic, session)
        metronome.take(1)


def send_model(model: OutgoingModel, topic: str, session: Session) -> None:
    """Hand one model over; its key is its data type."""
    session.outbox.send(topic, model.key, model.value)
    session.progress(1)
