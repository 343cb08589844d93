"""SupportVectorMachineModel: from its vectors and machines to arrays; nothing is scored here.

https://dmg.org/pmml/v4-4/SupportVectorMachine.html
"""

from __future__ import annotations

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.arrays import numbers
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    flag,
    number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.expressions.plain import FieldValue
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.support_vector.kernel import Kernel, Kind
from streamscore_cli.engines.pmml.models.support_vector.model import (
    Indicator,
    Machine,
    Machines,
    OneAgainstAll,
    OneAgainstOne,
    Regression,
)
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix
from streamscore_cli.engines.pmml.values.types import DataType

_KINDS = {kind.value: kind for kind in Kind}

SHAPES: Shapes = {
    "SupportVectorMachineModel": model_shape(
        "threshold svmRepresentation classificationMethod maxWins",
        f"{' '.join(_KINDS)} VectorDictionary SupportVectorMachine",
    ),
    "LinearKernelType": shape("", "", "description"),
    "PolynomialKernelType": shape("gamma coef0 degree", "", "description"),
    "RadialBasisKernelType": shape("gamma", "", "description"),
    "SigmoidKernelType": shape("gamma coef0", "", "description"),
    "VectorDictionary": shape("", "VectorFields VectorInstance", "numberOfVectors"),
    "VectorFields": shape("", "FieldRef CategoricalPredictor", "numberOfFields"),
    "CategoricalPredictor": shape("name value coefficient"),
    "VectorInstance": shape("id", "Array REAL-SparseArray"),
    "SupportVectorMachine": shape("targetCategory alternateTargetCategory threshold", "SupportVectors Coefficients"),
    "SupportVectors": shape("", "SupportVector", "numberOfSupportVectors numberOfAttributes"),
    "SupportVector": shape("vectorId"),
    "Coefficients": shape("absoluteValue", "Coefficient", "numberOfCoefficients"),
    "Coefficient": shape("value"),
}

_METHODS = {"OneAgainstAll": "OneAgainstAll", "OneAgainstOne": "OneAgainstOne"}
_BY_VECTORS = {"SupportVectors": True, "Coefficients": False}


def compile_support_vector(site: Site) -> Built:
    """Compile a SupportVectorMachineModel."""
    element = site.element
    if site.single:
        raise unsupported(element, "calculates in 32 bits")
    compiled = _machines(site)
    machines = list(element.all("SupportVectorMachine"))
    if site.function == "regression":
        if len(machines) != 1:
            raise rejected(element, f"is a regression with {len(machines)} machines")
        return Built(Regression(compiled), regression_type(site))
    if site.function != "classification":
        raise unsupported(element, f"has functionName={site.function!r:.40}")
    return _pairwise(site, compiled, machines) if _is_pairwise(element, machines) else _against_all(site, compiled)


def _is_pairwise(element: Element, machines: list[Element]) -> bool:
    """Tell whether the machines vote.

    Each of them having an alternate category says so too where no method is given (R does not give it); then they
    must not be readable as one machine for every category.
    """
    method = choice(element, "classificationMethod", _METHODS, "")
    alternates = [one for one in machines if one.get("alternateTargetCategory") is not None]
    if method == "OneAgainstOne" or not alternates:
        return method == "OneAgainstOne"
    targets = {one.get("targetCategory") for one in machines}
    if len(alternates) < len(machines) or (len(machines) > 1 and (method or len(targets) == len(machines))):
        raise unsupported(alternates[0], "has an alternate category in a model that is not said to be OneAgainstOne")
    return True


def _against_all(site: Site, machines: Machines) -> Built:
    texts = [required(one, "targetCategory") for one in site.element.all("SupportVectorMachine")]
    cells = tuple(label_cell(site, site.element, text) for text in texts)
    if len(cells) <= 1 or len(set(cells)) != len(cells):
        raise rejected(site.element, "needs two machines or more, of different categories")
    _refuse_priors(site.element)
    largest = flag(site.element, "maxWins", default=False)
    return Built(OneAgainstAll(machines, cells, largest), site.target.type, labels_of(site, texts))


def _refuse_priors(element: Element) -> None:
    """Refuse prior probabilities, which only a model that gives probabilities can fall back on."""
    for targets in element.all("Targets"):
        for target in targets.all("Target"):
            for value in target.all("TargetValue"):
                if value.get("priorProbability") is not None:
                    raise unsupported(value, "has a prior probability in a model that gives no probabilities")


def _pairwise(site: Site, machines: Machines, elements: list[Element]) -> Built:
    pairs = [(required(one, "targetCategory"), required(one, "alternateTargetCategory")) for one in elements]
    labels = labels_of(site, [text for pair in pairs for text in pair])
    places = tuple(
        (labels.cells.index(label_cell(site, one, first)), labels.cells.index(label_cell(site, one, second)))
        for one, (first, second) in zip(elements, pairs, strict=True)
    )
    if len({frozenset(pair) for pair in places}) != len(places) or any(first == second for first, second in places):
        raise rejected(site.element, "has several machines for the same two categories, or one for a single category")
    general = number(site.element, "threshold", 0.0)
    thresholds = tuple(number(one, "threshold", general) for one in elements)
    largest = flag(site.element, "maxWins", default=False)
    model = OneAgainstOne(machines, labels.cells, places, thresholds, largest)
    return Built(model, site.target.type, labels, frozenset({PROBABILITY}))


def _machines(site: Site) -> Machines:
    element = site.element
    dictionary = child(element, "VectorDictionary")
    slots = tuple(_slot(site, one) for one in child(dictionary, "VectorFields").children if one.tag != "Extension")
    parts = list(element.all("SupportVectorMachine"))
    kernel = _kernel(child(element, *_KINDS))
    if not parts or not slots:
        raise rejected(element, "needs a SupportVectorMachine and a field, at least one each")
    if not choice(element, "svmRepresentation", _BY_VECTORS, default=True):
        return _by_coefficients(element, slots, kernel, parts)
    places, vectors = _vectors(dictionary, len(slots))
    return Machines(slots, kernel, vectors, tuple(_machine(one, places) for one in parts))


def _by_coefficients(element: Element, slots: tuple[int, ...], kernel: Kernel, parts: list[Element]) -> Machines:
    """Return machines that give every field, and no vector, a coefficient."""
    if kernel.kind is not Kind.LINEAR or any(one.find("SupportVectors") is not None for one in parts):
        raise unsupported(element, "has coefficients alone, and another kernel than the linear one or support vectors")
    every = np.arange(len(slots), dtype=np.intp)
    machines = []
    for one in parts:
        coefficients, intercept = _coefficients(one)
        if len(coefficients) != len(slots):
            raise rejected(one, f"has {len(coefficients)} coefficients for {len(slots)} fields")
        machines.append(Machine(every, coefficients, intercept))
    return Machines(slots, kernel, None, tuple(machines))


def _slot(site: Site, element: Element) -> int:
    compiler = site.compiler
    if element.tag == "FieldRef":
        expression = compiler.expression(element, site.scope)
        if not expression.type.is_numeric and expression.type is not DataType.BOOLEAN:
            raise unsupported(element, f"multiplies the {expression.type} {element.get('field')!r}")
        return expression.slot if isinstance(expression, FieldValue) else compiler.column(expression)
    if number(element, "coefficient") != 1.0:
        raise unsupported(element, f"has the coefficient {element.get('coefficient')}")
    field = site.scope.field(required(element, "name"), element)
    cell = literal(element, required(element, "value"), field.type, compiler.vocabulary)
    return compiler.column(Indicator(field.slot, cell))


def _kernel(element: Element) -> Kernel:
    return Kernel(
        _KINDS[element.tag],
        number(element, "gamma", 1.0),
        number(element, "coef0", 1.0),
        number(element, "degree", 1.0),
    )


def _vectors(dictionary: Element, length: int) -> tuple[dict[str, int], Matrix]:
    places: dict[str, int] = {}
    vectors = []
    for place, one in enumerate(dictionary.all("VectorInstance")):
        identifier = required(one, "id")
        if identifier in places:
            raise rejected(one, f"is a second vector {identifier!r:.60}")
        vector = numbers(child(one, "Array", "REAL-SparseArray"))
        if len(vector) != length:
            raise rejected(one, f"has {len(vector)} coordinates for {length} fields")
        places[identifier] = place
        vectors.append(vector)
    if not vectors:
        raise rejected(dictionary, "has no vectors")
    return places, np.ascontiguousarray(np.stack(vectors, axis=1))


def _machine(element: Element, places: dict[str, int]) -> Machine:
    used = [(one, required(one, "vectorId")) for one in child(element, "SupportVectors").all("SupportVector")]
    for one, identifier in used:
        if identifier not in places:
            raise rejected(one, f"refers to the vector {identifier!r:.60}, which is not there")
    coefficients, intercept = _coefficients(element)
    if not used or len(coefficients) != len(used):
        raise rejected(element, f"has {len(coefficients)} coefficients for {len(used)} vectors")
    return Machine(np.array([places[identifier] for _, identifier in used], dtype=np.intp), coefficients, intercept)


def _coefficients(element: Element) -> tuple[Matrix, float]:
    found = child(element, "Coefficients")
    values = [number(one, "value", 0.0) for one in found.all("Coefficient")]
    return np.array(values, dtype=np.float64), number(found, "absoluteValue", 0.0)
