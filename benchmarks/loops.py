"""An instance measured from inside its process: settings for a run, and a stopwatch between two counts of records."""

from __future__ import annotations

import resource
import time
import uuid
from dataclasses import replace
from pathlib import Path

from streamscore_cli.config.settings import KafkaSettings, ModelServerSettings, ScoringSettings, Settings, TopicSettings
from streamscore_cli.core.choices import ResultFormat

WARM_SHARE = 0.1
"""The share of the records that is read before the clock starts: joining, first fetches, first batches."""


def settings_for(brokers: str, topics: dict[str, str], results: ResultFormat) -> Settings:
    """Return settings with a group of their own, so that every run reads the topic from its beginning."""
    return Settings(
        kafka=KafkaSettings(brokers=brokers),
        topics=replace(TopicSettings(), data=(topics["data"],), models=topics["models"], scores=topics["scores"]),
        scoring=replace(ScoringSettings(), group=f"bench-{uuid.uuid4().hex}", results=results),
        model_server=replace(ModelServerSettings(), port=0),
    )


class Stopwatch:
    """Wall time and CPU time of this process between two counts of records."""

    def __init__(self, records: int, warm_share: float = WARM_SHARE) -> None:
        """Start after the warm share of `records` and stop at the last."""
        self._warm, self._last = int(records * warm_share), records
        self._begun: tuple[int, float, float] | None = None
        self.figures: dict[str, float] = {}

    def seen(self, records: int) -> bool:
        """Take the count of records so far; tell whether it was the last."""
        now = (records, time.perf_counter(), _cpu_s())
        if self._begun is None and records >= self._warm:
            self._begun = now
        if records < self._last or self._begun is None:
            return False
        done, wall, cpu = (late - early for late, early in zip(now, self._begun, strict=True))
        figures = {"records_per_s": done / wall, "cpu_s_per_million": cpu / done * 1e6, "peak_mib": _peak_mib()}
        self.figures = figures
        return True


def _peak_mib() -> float:
    """Return the peak of resident memory; getrusage would count the parent's from before exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
