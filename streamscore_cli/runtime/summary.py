"""The last word of an instance: what it did, as one line of the log; it stops nothing."""

from __future__ import annotations

import logging

from streamscore_cli.core.log_events import event
from streamscore_cli.state.snapshots import InstanceView

log = logging.getLogger("streamscore")


def say_stopped(view: InstanceView) -> None:
    """Log how long the instance ran and what came of it."""
    scoring, models = view.scoring(), view.models()
    letters, dropped = sum(scoring.dead_letters.values()), sum(scoring.dropped.values())
    extra = event(
        "stopped",
        instance=view.identity.name,
        uptime_s=round(scoring.uptime_s, 3),
        records=scoring.records,
        results=scoring.results,
        dead_letters=letters,
        dropped=dropped,
        swaps=models.swaps,
        rejections=models.rejections,
        points_lost=sum(sink.waiting + sum(sink.dropped.values()) for sink in view.sinks()),
    )
    what = "stopped after %.0f s: %d records, %d results, %d dead letters, %d dropped, %d swaps, %d rejected"
    counts = (scoring.records, scoring.results, letters, dropped, models.swaps, models.rejections)
    log.info(what, scoring.uptime_s, *counts, extra=extra)
