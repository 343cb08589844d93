"""What the client library's errors mean here, and our errors for them; it decides nothing about going on.

Errors are told apart by name: the library's constants for its own begin with an underscore.
"""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException

from streamscore_cli.core.errors import BrokerUnreachable, KafkaRefused, StreamscoreError, TopicMismatch

MEMBERSHIP_LOST = frozenset(
    {
        "ILLEGAL_GENERATION",
        "UNKNOWN_MEMBER_ID",
        "STALE_MEMBER_EPOCH",
        "FENCED_MEMBER_EPOCH",
        "_ASSIGNMENT_LOST",
    }
)
"""The group went on without this member; its partitions belong to others now."""

DENIED = frozenset(
    {
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    }
)
"""A rule of the broker forbids it; trying again changes nothing."""

TOPIC_MISSING = frozenset({"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION"})

NO_ANSWER = frozenset(
    {
        "_TRANSPORT",
        "_TIMED_OUT",
        "_ALL_BROKERS_DOWN",
        "_RESOLVE",
        "_SSL",
        "_AUTHENTICATION",
        "REQUEST_TIMED_OUT",
    }
)
"""No broker, or none that talks with us."""

CREATE_HINT = "Make it with `streamscore topics create`."


class NotTaken(Exception):
    """A producer refuses a message for good: why, and where the message was to go (None: wherever its key says)."""

    def __init__(self, error: KafkaError, topic: str, partition: int | None) -> None:
        """Keep what was said."""
        super().__init__(error)
        self.error = error
        self.topic = topic
        self.partition = partition


def error_of(exception: KafkaException) -> KafkaError:
    """Return the error that an exception of the library carries."""
    error = exception.args[0]
    return error if isinstance(error, KafkaError) else KafkaError(KafkaError.UNKNOWN, str(error))


def refused(error: KafkaError, doing: str) -> KafkaRefused:
    """Return our error for a broker that says no; `doing` names the act and the resource."""
    hint = f"Ask for an ACL that allows {doing}." if error.name() in DENIED else ""
    return KafkaRefused(f"Kafka refuses {doing}: {error.str()} ({error.name()}).", hint)


def unreachable(brokers: str, cause: str) -> BrokerUnreachable:
    """Return our error for brokers that do not answer."""
    hint = "`streamscore broker` starts a local one; another address is the setting kafka.brokers (KAFKA_BROKERS_LIST)."
    return BrokerUnreachable(f"No Kafka broker answers at {brokers}: {cause}.", hint)


def missing_topic(topic: str) -> TopicMismatch:
    """Return our error for a topic that is not there."""
    return TopicMismatch(f"The topic {topic} does not exist.", CREATE_HINT)


def explained(exception: KafkaException, brokers: str, doing: str, reported: Mapping[str, str]) -> StreamscoreError:
    """Return our error for what the library raised while `doing` something at `brokers`.

    What a request says is only that it timed out; why stands in the errors that the client `reported` by the way.
    """
    error = error_of(exception)
    if error.name() in NO_ANSWER:
        return unreachable(brokers, cause_of(error, reported))
    return refused(error, doing)


def cause_of(error: KafkaError, reported: Mapping[str, str]) -> str:
    """Return why there was no answer: what a client `reported` besides, else the error's own words."""
    causes = [text for name, text in reported.items() if name in NO_ANSWER and name != "_ALL_BROKERS_DOWN"]
    return causes[-1] if causes and error.name() in NO_ANSWER else error.str()
