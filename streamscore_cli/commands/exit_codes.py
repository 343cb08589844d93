"""The exit codes and which error means which; it neither exits nor prints."""

from __future__ import annotations

from enum import IntEnum

from streamscore_cli.core import errors


class ExitCode(IntEnum):
    """How a command ended; the numbers are kept for ever, new causes get new ones."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    SETTINGS = 3
    BROKER_UNREACHABLE = 4
    KAFKA_REFUSED = 5
    TOPIC_MISMATCH = 6
    DELIVERY_FAILED = 7
    OFFSET_GAP = 8
    MODEL_REJECTED = 9
    DATA_REJECTED = 10
    MISSING_DEPENDENCY = 11
    SERVER_UNREACHABLE = 12
    TIMED_OUT = 13
    CHECK_FAILED = 14
    FILE_FAILED = 15
    SERVICE_UNREACHABLE = 16
    SERVICE_REFUSED = 17
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "All is well; also when the reader of a pipe went away.",
    ExitCode.INTERNAL: "A fault of this program; `streamscore --debug ...` shows where.",
    ExitCode.USAGE: "The command line asks for something that cannot be.",
    ExitCode.SETTINGS: "A setting is unknown, malformed or refused.",
    ExitCode.BROKER_UNREACHABLE: "No broker answers at the address.",
    ExitCode.KAFKA_REFUSED: "The broker said no: authorization, fencing, a fatal client error.",
    ExitCode.TOPIC_MISMATCH: "A topic is missing, or is not as it needs to be.",
    ExitCode.DELIVERY_FAILED: "The broker did not take a message.",
    ExitCode.OFFSET_GAP: "Records were deleted by retention before they were read.",
    ExitCode.MODEL_REJECTED: "A model may not score: unsafe, malformed, unsupported, or not made for the records.",
    ExitCode.DATA_REJECTED: "A row or a record could not be read or scored, and the policy was to stop.",
    ExitCode.MISSING_DEPENDENCY: "An extra is not installed, or a program that is needed is not there.",
    ExitCode.SERVER_UNREACHABLE: "A streamscore server does not answer over HTTP.",
    ExitCode.TIMED_OUT: "What was waited for did not happen in time.",
    ExitCode.CHECK_FAILED: "The command ran, and its answer is no: `doctor` missed something, `bench` lost records.",
    ExitCode.FILE_FAILED: "A file or a stream could not be opened, read or written.",
    ExitCode.SERVICE_UNREACHABLE: "InfluxDB or Grafana does not answer.",
    ExitCode.SERVICE_REFUSED: "InfluxDB or Grafana answered no: rights, a conflict, a fault of its own.",
    ExitCode.INTERRUPTED: "Ctrl-C ended it before its end; commands that run until Ctrl-C end with 0.",
}

CAUSES: dict[type[BaseException], ExitCode] = {
    errors.StreamscoreError: ExitCode.INTERNAL,
    errors.UsageProblem: ExitCode.USAGE,
    errors.SettingsError: ExitCode.SETTINGS,
    errors.MissingDependency: ExitCode.MISSING_DEPENDENCY,
    errors.BrokerUnreachable: ExitCode.BROKER_UNREACHABLE,
    errors.KafkaRefused: ExitCode.KAFKA_REFUSED,
    errors.TopicMismatch: ExitCode.TOPIC_MISMATCH,
    errors.DeliveryFailed: ExitCode.DELIVERY_FAILED,
    errors.OffsetGap: ExitCode.OFFSET_GAP,
    errors.ModelRejected: ExitCode.MODEL_REJECTED,
    errors.ModelUnsupported: ExitCode.MODEL_REJECTED,
    errors.SignatureMismatch: ExitCode.MODEL_REJECTED,
    errors.LoadAbandoned: ExitCode.MODEL_REJECTED,
    errors.RowUnreadable: ExitCode.DATA_REJECTED,
    errors.RecordRefused: ExitCode.DATA_REJECTED,
    errors.ServerUnreachable: ExitCode.SERVER_UNREACHABLE,
    errors.ServiceUnreachable: ExitCode.SERVICE_UNREACHABLE,
    errors.ServiceRefused: ExitCode.SERVICE_REFUSED,
    errors.TimedOut: ExitCode.TIMED_OUT,
    OSError: ExitCode.FILE_FAILED,
    KeyboardInterrupt: ExitCode.INTERRUPTED,
}


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the code of the nearest class of `error` that has one."""
    return next((CAUSES[kind] for kind in type(error).__mro__ if kind in CAUSES), ExitCode.INTERNAL)
