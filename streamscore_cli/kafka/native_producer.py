"""A producer that hands many results to librdkafka in one call; waiting for room and deliveries is its user's.

The Python client takes a message a call, keeps an object for each, and takes the interpreter's lock for each delivery:
three quarters of what producing costs. This one fills librdkafka's array of messages by NumPy, and hears of failed
deliveries only. It is the client library's own librdkafka, called as rdkafka.h documents it.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import numpy as np
from confluent_kafka import KafkaError, KafkaException

from streamscore_cli import __version__
from streamscore_cli.core.batch import Headers, OutboundResults
from streamscore_cli.core.object_memory import ObjectMemory
from streamscore_cli.core.payloads import Payloads
from streamscore_cli.kafka import librdkafka as rd
from streamscore_cli.kafka.faults import NotTaken
from streamscore_cli.kafka.health import ClientLog, ClientWatch
from streamscore_cli.kafka.options import ClientOptions, Value

OnFailed = Callable[[KafkaError, str, int | None], None]
"""Told of each message that was refused for good: why, and its topic and partition."""

_MS_PER_S = 1000
_OWN: Mapping[str, Value] = {"client.software.name": "streamscore", "client.software.version": __version__}
"""What brokers are told of the program, unless the operator says otherwise."""

_LEVELS = (logging.CRITICAL,) * 3 + (logging.ERROR, logging.WARNING, logging.INFO, logging.INFO, logging.DEBUG)
"""What the levels of syslog are here."""

_MESSAGES = np.dtype(
    {
        "names": [name for name, *_ in rd.Message._fields_],
        "formats": ["<i4", "<u8", "<i4", "<i8", "<i8", "<i8", "<i8", "<i8", "<u8"],
        "offsets": [getattr(rd.Message, name).offset for name, *_ in rd.Message._fields_],
        "itemsize": ctypes.sizeof(rd.Message),
    }
)


class NativeProducer:
    """Produces results and dead letters; one thread uses it, and hears in `poll` and `flush` what became of them."""

    def __init__(
        self,
        options: ClientOptions,
        watch: ClientWatch,
        on_failed: OnFailed,
        library: ctypes.CDLL,
        memory: ObjectMemory,
    ) -> None:
        """Make the producer; raises `KafkaException` when librdkafka refuses a property."""
        self._library = library
        self._memory = memory
        self._topics: dict[str, int] = {}
        self._watch = watch
        self._on_failed = on_failed
        self._log = ClientLog()
        self._takes = {
            rd.DELIVERIES: self._delivered,
            rd.LOG: self._logged,
            rd.ERROR: self._erred,
            rd.STATISTICS: self._counted,
        }
        self._opened = _made(library, options.properties)
        self._events = library.rd_kafka_queue_get_main(self._handle)
        library.rd_kafka_set_log_queue(self._handle, self._events)

    def produce_all(self, results: OutboundResults) -> int:
        """Take results in order while there is room; return how many were taken, from the first on.

        Raises `NotTaken` for a result that is refused for good; of those behind it some may be taken.
        librdkafka counts one that is refused for its partition among those that wait, for ever.
        """
        values, keys = Payloads.of(results.values), list(results.keys)  # which keep in place what addresses are of
        named = self._memory.texts(keys)
        if named is None:
            what = "a key is no plain bytes"
            raise TypeError(what)
        messages = np.zeros(len(values), _MESSAGES)
        messages["partition"] = results.partitions
        messages["payload"], messages["len"] = values.begins, values.lengths
        messages["key"], messages["key_len"] = named
        topic, flags = self._topic(results.topic), rd.COPY | rd.TO_ITS_PARTITION
        at, count = messages.ctypes.data, len(messages)
        taken: int = self._library.rd_kafka_produce_batch(topic, rd.ANY_PARTITION, flags, at, count)
        if taken < count:
            refused = messages[(messages["err"] != 0) & (messages["err"] != rd.QUEUE_FULL)]
            if len(refused):
                raise NotTaken(KafkaError(int(refused["err"][0])), results.topic, int(refused["partition"][0]))
        return taken

    def produce(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Take one message for the partition of its key; tell whether there was room. Raises `NotTaken`."""
        listed = self._headers(headers)
        said = [
            rd.Argument.topic(topic),
            rd.Argument.key(key),
            rd.Argument.value(value),
            rd.Argument.copied(),
            rd.Argument.headers(listed),
        ]
        arguments = (rd.Argument * len(said))(*said)
        error = self._library.rd_kafka_produceva(self._handle, arguments, len(said))
        if not error:
            return True
        code = self._library.rd_kafka_error_code(error)
        self._library.rd_kafka_error_destroy(error)
        self._library.rd_kafka_headers_destroy(listed)
        if code == rd.QUEUE_FULL:
            return False
        raise NotTaken(KafkaError(code), topic, None)

    def poll(self, timeout_s: float) -> None:
        """Hear what there is to hear, waiting for a first thing."""
        self._raise_if_closed()
        wait_ms = round(timeout_s * _MS_PER_S)
        while event := self._library.rd_kafka_queue_poll(self._events, wait_ms):
            try:
                take = self._takes.get(self._library.rd_kafka_event_type(event))
                if take is not None:
                    take(event)
            finally:
                self._library.rd_kafka_event_destroy(event)
            wait_ms = 0

    def flush(self, timeout_s: float) -> int:
        """Wait until all is delivered or refused; return how many messages are not yet."""
        self._library.rd_kafka_flush(self._handle, round(timeout_s * _MS_PER_S))
        self.poll(0)
        return len(self)

    def __len__(self) -> int:
        """Return how many messages are neither delivered nor refused."""
        waiting: int = self._library.rd_kafka_outq_len(self._handle)
        return waiting

    def list_topics(self, *, timeout: float) -> None:
        """Ask a broker for all topics, which makes the producer connect to one; raises `KafkaException`."""
        found, wait_ms = ctypes.c_void_p(), round(timeout * _MS_PER_S)
        code = self._library.rd_kafka_metadata(self._handle, 1, None, ctypes.byref(found), wait_ms)
        if code:
            raise KafkaException(KafkaError(code))
        self._library.rd_kafka_metadata_destroy(found)

    def close(self, timeout_s: float) -> None:
        """Drop what was not delivered and end; a second time does nothing."""
        if not self._opened:
            return
        self._library.rd_kafka_purge(self._handle, rd.PURGE_ALL)
        self.flush(timeout_s)
        while self._topics:
            self._library.rd_kafka_topic_destroy(self._topics.popitem()[1])
        self._library.rd_kafka_queue_destroy(self._events)
        self._library.rd_kafka_destroy(self._handle)
        self._opened = 0

    @property
    def _handle(self) -> int:
        """Return librdkafka's handle; raises RuntimeError once it is no more."""
        self._raise_if_closed()
        return self._opened

    def _raise_if_closed(self) -> None:
        if not self._opened:
            what = "the producer was closed"
            raise RuntimeError(what)

    def _topic(self, name: str) -> int:
        if name not in self._topics:
            found = self._library.rd_kafka_topic_new(self._handle, name.encode(), None)
            if not found:
                raise NotTaken(KafkaError(self._library.rd_kafka_last_error()), name, None)
            self._topics[name] = found
        return self._topics[name]

    def _headers(self, headers: Headers) -> int:
        listed: int = self._library.rd_kafka_headers_new(len(headers))
        for name, value in headers:
            self._library.rd_kafka_header_add(listed, name.encode(), -1, value, len(value or b""))
        return listed

    def _delivered(self, event: int) -> None:
        while message := self._library.rd_kafka_event_message_next(event):
            found = message.contents
            if found.err:
                topic = self._library.rd_kafka_topic_name(found.rkt).decode()
                self._on_failed(KafkaError(found.err), topic, found.partition)

    def _erred(self, event: int) -> None:
        code = self._library.rd_kafka_event_error(event)
        if code != rd.FATAL:
            reason = self._library.rd_kafka_event_error_string(event).decode("utf-8", "replace")
            self._watch.on_error(KafkaError(code, reason))
            return
        text = _room()
        code = self._library.rd_kafka_fatal_error(self._handle, text, len(text))
        self._watch.on_error(KafkaError(code, _said(text), fatal=True))

    def _counted(self, event: int) -> None:
        self._watch.on_statistics(self._library.rd_kafka_event_stats(event).decode("utf-8", "replace"))

    def _logged(self, event: int) -> None:
        kind, line, level = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_int()
        if not self._library.rd_kafka_event_log(event, ctypes.byref(kind), ctypes.byref(line), ctypes.byref(level)):
            name = self._library.rd_kafka_name(self._handle)
            words = [(text or b"").decode("utf-8", "replace") for text in (kind.value, name, line.value)]
            self._log.log(_LEVELS[min(level.value, len(_LEVELS) - 1)], "%s [%s] %s", *words)


def _made(library: ctypes.CDLL, properties: Mapping[str, Value]) -> int:
    """Return the handle of a new producer; raises `KafkaException` when a property is refused."""
    text, conf = _room(), library.rd_kafka_conf_new()
    with ExitStack() as undone:
        undone.callback(library.rd_kafka_conf_destroy, conf)
        for name, value in {**_OWN, **properties, "log.queue": True}.items():
            written = str(value).lower() if isinstance(value, bool) else str(value)
            if library.rd_kafka_conf_set(conf, name.encode(), written.encode(), text, len(text)) != rd.CONF_OK:
                raise _refused(text)
        library.rd_kafka_conf_set_events(conf, rd.DELIVERIES | rd.LOG | rd.ERROR | rd.STATISTICS)
        handle = library.rd_kafka_new(rd.PRODUCER, conf, text, len(text))
        if not handle:
            raise _refused(text)
        undone.pop_all()  # the configuration is the producer's now
    return int(handle)


def _room() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(rd.TEXT_BYTES)


def _refused(text: ctypes.Array[ctypes.c_char]) -> KafkaException:
    return KafkaException(KafkaError(rd.INVALID_ARGUMENT, _said(text)))


def _said(text: ctypes.Array[ctypes.c_char]) -> str:
    return text.value.decode("utf-8", "replace")
