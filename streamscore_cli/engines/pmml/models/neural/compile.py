"""NeuralNetwork: from inputs, layers and outputs to arrays; nothing is scored here."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.derived import derived_field
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.neural.model import Inverse, NetworkClassification, NetworkRegression
from streamscore_cli.engines.pmml.models.neural.network import (
    ACTIVATIONS,
    RADIAL_BASIS,
    THRESHOLD,
    Layer,
    Network,
)
from streamscore_cli.engines.pmml.models.several import joined, sites_of_targets
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY

_LAYERED = "activationFunction threshold width altitude normalizationMethod"

SHAPES: Shapes = {
    "NeuralNetwork": model_shape(_LAYERED, "NeuralInputs NeuralLayer NeuralOutputs", "numberOfLayers"),
    "NeuralInputs": shape("", "NeuralInput", "numberOfInputs"),
    "NeuralInput": shape("id", "DerivedField"),
    "NeuralLayer": shape(_LAYERED, "Neuron", "numberOfNeurons"),
    "Neuron": shape("id bias width altitude", "Con"),
    "Con": shape("from weight"),
    "NeuralOutputs": shape("", "NeuralOutput", "numberOfOutputs"),
    "NeuralOutput": shape("outputNeuron", "DerivedField"),
}

_ACTIVATIONS = {name: name for name in (*ACTIVATIONS, RADIAL_BASIS, THRESHOLD)}
_NORMALIZATIONS = {name: name for name in ("none", "simplemax", "softmax")}
_FUNCTIONS = {"regression", "classification"}
_OUTPUTS = ("FieldRef", "NormContinuous", "NormDiscrete")
_OPEN = {"asIs": True, "asExtremeValues": False, "asMissingValues": False}


@dataclass(frozen=True, slots=True)
class _Output:
    """A NeuralOutput, and the expression that says what of its target it is."""

    element: Element
    expression: Element


@dataclass(frozen=True, slots=True)
class _Sources:
    """The numbers of inputs and neurons by their identifiers, from 1."""

    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, element: Element) -> None:
        """Give an input or neuron the next number."""
        name = required(element, "id")
        if name in self.numbers:
            raise rejected(element, f"has the id {name!r:.60} of another")
        self.numbers[name] = len(self.numbers) + 1

    def of(self, element: Element, attribute: str) -> int:
        """Return the number of what an attribute refers to."""
        name = required(element, attribute)
        if name not in self.numbers:
            raise rejected(element, f"refers to {name!r:.60}, which is no input or neuron before it")
        return self.numbers[name]


def compile_neural(site: Site) -> Built:
    """Compile a NeuralNetwork."""
    if site.single:
        raise unsupported(site.element, "has mathContext='float'")
    sources = _Sources()
    slots: list[int] = []
    for one in child(site.element, "NeuralInputs").all("NeuralInput"):
        found = derived_field(site.compiler, child(one, "DerivedField"), site.scope)
        if not found.type.is_numeric:
            raise unsupported(one, f"takes a {found.type}")
        slots.append(found.slot)
        sources.add(one)
    layers = tuple(_layer(site.element, one, sources) for one in site.element.all("NeuralLayer"))
    if not layers or not slots:
        raise rejected(site.element, "needs inputs and layers")
    network = Network(tuple(slots), layers)
    if site.function not in _FUNCTIONS:
        raise unsupported(site.element, f"has functionName={site.function!r:.40}")
    sites = sites_of_targets(site) or [site]
    outputs = _outputs(sites)
    build = _regression if site.function == "regression" else _classification
    return joined(sites, [build(one, network, outputs[one.target.name], sources) for one in sites])


def _layer(network: Element, layer: Element, sources: _Sources) -> Layer:
    says = layer if layer.get("activationFunction") is not None else network
    activation = choice(says, "activationFunction", _ACTIVATIONS)
    normalizes = layer if layer.get("normalizationMethod") is not None else network
    neurons = list(layer.all("Neuron"))
    connections = [
        [(sources.of(one, "from"), number(one, "weight")) for one in neuron.all("Con")] for neuron in neurons
    ]
    steps = max((len(one) for one in connections), default=0)
    if not neurons or not steps:
        raise rejected(layer, "needs neurons with connections")
    padded = [one + [(0, 0.0)] * (steps - len(one)) for one in connections]
    for neuron in neurons:
        sources.add(neuron)
    return Layer(
        np.array([[source for source, _ in one] for one in padded], dtype=np.intp).T,
        np.ascontiguousarray(np.array([[weight for _, weight in one] for one in padded], dtype=np.float64).T),
        np.array([number(one, "bias", 0.0) for one in neurons]),
        activation,
        _inherited("threshold", 0.0, layer, network),
        choice(normalizes, "normalizationMethod", _NORMALIZATIONS, "none"),
        _radial(network, layer, neurons, connections) if activation == RADIAL_BASIS else np.empty((2, 0)),
    )


def _radial(
    network: Element, layer: Element, neurons: list[Element], connections: list[list[tuple[int, float]]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    starts, spans = [], []
    for neuron, cons in zip(neurons, connections, strict=True):
        width = _inherited("width", math.nan, neuron, layer, network)
        altitude = _inherited("altitude", 1.0, neuron, layer, network)
        if not width > 0.0 or not altitude > 0.0:
            raise unsupported(neuron, "is a radial basis neuron without a positive width and altitude")
        starts.append(len(cons) * math.log(altitude))
        spans.append(2.0 * width**2)
    return np.array([starts, spans])


def _inherited(name: str, default: float, *elements: Element) -> float:
    for element in elements:
        value = optional_number(element, name)
        if value is not None:
            return value
    return default


def _outputs(sites: list[Site]) -> dict[str | None, list[_Output]]:
    """Return the outputs by the targets they are of."""
    found: dict[str | None, list[_Output]] = {site.target.name: [] for site in sites}
    for element in child(sites[0].element, "NeuralOutputs").all("NeuralOutput"):
        name, expression = _expression(sites[0], element, found)
        found[name].append(_Output(element, expression))
    return found


def _regression(site: Site, network: Network, outputs: list[_Output], sources: _Sources) -> Built:
    if len(outputs) != 1:
        raise unsupported(site.element, f"is a regression with {len(outputs)} outputs for {site.target.name!r:.60}")
    expression = outputs[0].expression
    inverse = None
    if expression.tag == "NormContinuous":
        inverse = _inverse(expression)
    elif expression.tag != "FieldRef":
        raise unsupported(expression, "is no way to a number")
    model = NetworkRegression(network, sources.of(outputs[0].element, "outputNeuron"), inverse)
    return Built(model, regression_type(site))


def _inverse(element: Element) -> Inverse:
    points = [(number(point, "orig"), number(point, "norm")) for point in element.all("LinearNorm")]
    if len(points) <= 1 or any(low[0] >= high[0] or low[1] >= high[1] for low, high in pairwise(points)):
        raise unsupported(element, "has no two points or more, with ascending orig and norm")
    origs, norms = zip(*points, strict=True)
    return Inverse(np.array(origs), np.array(norms), choice(element, "outliers", _OPEN, default=True))


def _classification(site: Site, network: Network, outputs: list[_Output], sources: _Sources) -> Built:
    by_cell: dict[float, Element] = {}
    texts: list[str] = []
    for one in outputs:
        expression = one.expression
        if expression.tag != "NormDiscrete":
            raise unsupported(expression, "is no way to a category")
        texts.append(required(expression, "value"))
        cell = label_cell(site, expression, texts[-1])
        if cell in by_cell:
            raise rejected(expression, f"is a second output for {texts[-1]!r:.60}")
        by_cell[cell] = one.element
    if len(by_cell) <= 1:
        raise unsupported(site.element, f"is a classification with {len(by_cell)} outputs for {site.target.name!r:.60}")
    labels = labels_of(site, texts)
    places = tuple(labels.cells.index(cell) for cell in by_cell)
    winners = [by_cell[labels.cells[place]] for place in places]
    neurons = tuple(sources.of(one, "outputNeuron") for one in winners)
    model = NetworkClassification(network, neurons, places, labels.cells)
    entities = tuple(required(one, "outputNeuron") for one in winners)
    return Built(model, site.target.type, labels, frozenset({PROBABILITY}), entities)


def _expression(site: Site, output: Element, targets: Container[str | None]) -> tuple[str, Element]:
    """Return the target of an output, and what it means: a reference to a derived field is what makes that field."""
    parent = child(output, "DerivedField")
    for _ in range(len(_derived(site)) + 1):
        expression = child(parent, *_OUTPUTS)
        name = required(expression, "field")
        if name in targets:
            return name, expression
        derived = _derived(site).get(name)
        if derived is None or expression.tag != "FieldRef":
            break
        parent = derived
    raise unsupported(output, "is of a field that is not the model's target")


def _derived(site: Site) -> dict[str, Element]:
    around = [*site.compiler.globals, *site.element.all("LocalTransformations")]
    return {one.get("name") or "": one for part in around for one in part.all("DerivedField")}
