"""The models that are measured: the original's where `../shared` has them, else the samples; it loads none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

ORIGINALS = {
    "random_forest": "winequalityRandonForrestClassification",
    "decision_tree_classification": "winequalityDecisionTreeClassification",
    "decision_tree_regression": "winequalityDesisionTreeRegression",
    "glm_gamma": "winequalityGeneralizedLinearRegressionGamma",
    "glm_gaussian": "winequalityGeneralizedLinearRegressionGaussian",
    "linear_regression": "winequalityLinearRegression",
    "multilayer_perceptron": "winequalityMultilayerPerceptron",
}
"""The seven PMML models by name, and what the original application calls their files."""

CRAYFISH = "crayfish"


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """A model file and where it comes from: `original`, `sample` or `made`."""

    name: str
    path: Path
    origin: str

    @property
    def sha256(self) -> str:
        """Return the hash of its bytes."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def described(self) -> dict[str, str | int]:
        """Return what is kept beside figures."""
        return {"origin": self.origin, "bytes": self.path.stat().st_size, "sha256": self.sha256}


def measured_model(name: str, scratch: Path) -> MeasuredModel:
    """Return a model by name; one that has to be made is put into `scratch`. Raises KeyError for another name."""
    if name == CRAYFISH:
        return _crayfish(scratch)
    original = SHARED / "seed-models" / f"{ORIGINALS[name]}.pmml"
    if original.is_file():
        return MeasuredModel(name, original, "original")
    return MeasuredModel(name, ROOT / "data" / f"winequality_{name}.pmml", "sample")


def _crayfish(scratch: Path) -> MeasuredModel:
    original = SHARED / "crayfish" / "model-ffnn.onnx"
    if original.is_file():
        return MeasuredModel(CRAYFISH, original, "original")
    made = scratch / "model-ffnn.onnx"
    if not made.is_file():
        from benchmarks.made_network import network

        made.write_bytes(network())
    return MeasuredModel(CRAYFISH, made, "made")
