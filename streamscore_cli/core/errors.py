"""The one tree of errors; it says what went wrong, not how a program exits or what HTTP answers.

StreamscoreError
├── UsageProblem              the command line asks for something that cannot be
├── SettingsError             a setting is unknown, malformed or refused
├── MissingDependency         an extra is not installed, or a server program is not there
├── BrokerUnreachable         no broker answers at the address
├── KafkaRefused              the broker answers no: authorization, fencing, a fatal client error
├── TopicMismatch             a topic is missing or is not as this program needs it
├── DeliveryFailed            the broker did not take a message, for good
├── OffsetGap                 records were deleted by retention before they were read
├── ModelRejected             a model may not score: unsafe, malformed, or failed a check
│   ├── ModelUnsupported      the model is fine but uses what no installed engine can do
│   ├── SignatureMismatch     the model wants inputs that the records do not have
│   └── LoadAbandoned         the instance stops while a model is being loaded: nothing is said of the model
├── RowUnreadable             one row of an input file cannot be read
├── RecordRefused             a record could not be scored and the policy is to stop
├── ServerUnreachable         a streamscore server does not answer over HTTP
├── ServiceUnreachable        InfluxDB or Grafana does not answer, or what answers is neither
├── ServiceRefused            InfluxDB or Grafana answers no: rights, a conflict, a fault of its own
└── TimedOut                  what was waited for did not happen in time
"""

from __future__ import annotations


class StreamscoreError(Exception):
    """Something failed; `message` names the thing and the value, `hint` the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep `message` and `hint` apart, so that each edge can show them in its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message and, where there is one, the hint."""
        return f"{self.message} {self.hint}".rstrip()


class UsageProblem(StreamscoreError):
    """The command line asks for something that cannot be."""


class SettingsError(StreamscoreError):
    """A setting is unknown, malformed or refused."""


class MissingDependency(StreamscoreError):
    """An extra is not installed, or a program that is needed is not there."""


class BrokerUnreachable(StreamscoreError):
    """No broker answers at the address."""


class KafkaRefused(StreamscoreError):
    """The broker said no, or the client can not go on: authorization, fencing, a fatal error."""


class TopicMismatch(StreamscoreError):
    """A topic is missing, or is not as this program needs it."""


class DeliveryFailed(StreamscoreError):
    """The broker did not take a message, for good."""


class OffsetGap(StreamscoreError):
    """Records were deleted by retention before they were read."""


class ModelRejected(StreamscoreError):
    """A model may not score: it is unsafe, malformed, or failed a check; the one in service stays."""


class ModelUnsupported(ModelRejected):
    """The model is well-formed but uses what no installed engine can do."""


class SignatureMismatch(ModelRejected):
    """The model wants inputs that the records of its data type do not have."""


class LoadAbandoned(ModelRejected):
    """A model is not loaded because the instance stops; it is no fault of the model."""


class RowUnreadable(StreamscoreError):
    """One row of an input cannot be read; `line` and `column` say where (1-based, column may be empty)."""

    def __init__(self, message: str, *, line: int, column: str = "", hint: str = "") -> None:
        """Keep the place beside the message."""
        super().__init__(message, hint)
        self.line = line
        self.column = column


class RecordRefused(StreamscoreError):
    """A record could not be scored and the operator's policy is to stop."""


class ServerUnreachable(StreamscoreError):
    """A streamscore server does not answer over HTTP."""


class ServiceUnreachable(StreamscoreError):
    """InfluxDB or Grafana does not answer at its address, or what answers there is something else."""


class ServiceRefused(StreamscoreError):
    """InfluxDB or Grafana answered no; `status` is HTTP's, and 200 where a body with an error came with it."""

    def __init__(self, message: str, hint: str = "", *, status: int) -> None:
        """Keep the status beside the message."""
        super().__init__(message, hint)
        self.status = status


class TimedOut(StreamscoreError):
    """What was waited for did not happen in time."""
