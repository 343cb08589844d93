"""What one model answered for a batch, before targets and outputs have their say; it decodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.column import Cells, Column

Matrix = NDArray[np.float64]

PROBABILITY = "probability"
CONFIDENCE = "confidence"
AFFINITY = "affinity"
ORDER = "order"
"""Not a feature: by label, its place in the row's own list of probabilities, NaN where it is not listed."""


@dataclass(slots=True)
class Prediction:
    """One cell a row in the type of the target (NaN: the model gives none), and what a kind of model has besides.

    `distributions`: by feature (probability, confidence, affinity) a float64 array (rows, labels), NaN where the model
    gives none. `entities`: by rank, best first, the place of the row's entity among `ModelInfo.entities` (NaN: none).
    `extras`: what only one kind of model has, by the name its own output feature reads it under. Nobody changes it; to
    be frozen would cost a microsecond a batch.
    """

    value: Column
    distributions: Mapping[str, Matrix] = field(default_factory=dict)
    entities: tuple[Cells, ...] = ()
    extras: Mapping[str, Column] = field(default_factory=dict)
