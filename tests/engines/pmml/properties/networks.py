"""Random neural networks: all activations and normalizations, by layer or for all of them."""

from __future__ import annotations

from tests.engines.pmml.properties.case import COLOURS, LABELS, NUMBER_TARGET, Case, Maker, label_target, shares

ACTIVATIONS = (
    *("logistic", "tanh", "identity", "exponential", "reciprocal", "square", "Gauss", "sine", "cosine", "Elliott"),
    *("arctan", "rectifier", "threshold", "radialBasis"),
)


def _input(maker: Maker, place: int) -> str:
    kind = maker.random.randrange(3)
    name = maker.one("xyfi")
    if kind == 0:
        inside = f'<NormDiscrete field="c" value="{maker.one(COLOURS)}"/>'
    elif kind == 1:
        inside = f'<FieldRef field="{name}"/>'
    else:
        outliers = maker.one(["asIs", "asExtremeValues", "asMissingValues"])
        inside = (
            f'<NormContinuous field="{name}" outliers="{outliers}"><LinearNorm orig="-2" norm="0"/>'
            '<LinearNorm orig="0.5" norm="0.25"/><LinearNorm orig="4" norm="1"/></NormContinuous>'
        )
    field = f'<DerivedField optype="continuous" dataType="double">{inside}</DerivedField>'
    return f'<NeuralInput id="i{place}">{field}</NeuralInput>'


def _layer(maker: Maker, place: int, before: list[str], count: int) -> tuple[str, list[str]]:
    names = [f"n{place}_{one}" for one in range(count)]
    says = f' activationFunction="{maker.one(ACTIVATIONS)}"' if maker.chance(70) else ""
    says += f' threshold="{maker.number()!r}"' if maker.chance(30) else ""
    says += f' altitude="{maker.positive()!r}"' if maker.chance(30) else ""
    says += f' normalizationMethod="{maker.one(["none", "softmax", "simplemax"])}"' if maker.chance(40) else ""
    neurons = ""
    for name in names:
        cons = "".join(f'<Con from="{one}" weight="{maker.number()!r}"/>' for one in maker.some(before))
        own = f' width="{maker.positive()!r}" altitude="{maker.positive()!r}"' if maker.chance(30) else ""
        neurons += f'<Neuron id="{name}" bias="{maker.number()!r}"{own}>{cons}</Neuron>'
    return f"<NeuralLayer{says}>{neurons}</NeuralLayer>", names


def network_case(maker: Maker) -> Case:
    """Return a neural network."""
    maker.treat()
    labels = LABELS[: maker.random.randrange(2, 4)] if maker.chance(50) else ()
    inputs = maker.random.randrange(1, 4)
    inside = "".join(_input(maker, place) for place in range(inputs))
    layers, names = "", [f"i{place}" for place in range(inputs)]
    many = maker.random.randrange(1, 4)
    for place in range(many):
        count = (len(labels) or 1) if place == many - 1 else maker.random.randrange(1, 4)
        layer, names = _layer(maker, place, names, count)
        layers += layer
    outputs = _outputs(maker, labels, names)
    model = (
        f'<NeuralNetwork functionName="{"classification" if labels else "regression"}" '
        f'activationFunction="{maker.one(ACTIVATIONS[:-2])}" width="{maker.positive()!r}" '
        f'normalizationMethod="{maker.one(["none", "none", "softmax", "simplemax"])}">{maker.schema()}'
        f"{shares(labels) if labels else ''}<NeuralInputs>{inside}</NeuralInputs>{layers}"
        f"<NeuralOutputs>{outputs}</NeuralOutputs></NeuralNetwork>"
    )
    return maker.case(label_target(labels) if labels else NUMBER_TARGET, model)


def _outputs(maker: Maker, labels: tuple[str, ...], names: list[str]) -> str:
    if labels:
        insides = [f'<NormDiscrete field="z" value="{one}"/>' for one in maker.shuffled(labels)]
    elif maker.chance(50):
        insides = ['<FieldRef field="z"/>']
    else:
        insides = [
            '<NormContinuous field="z"><LinearNorm orig="-3" norm="0"/><LinearNorm orig="1" norm="0.25"/>'
            '<LinearNorm orig="10" norm="1"/></NormContinuous>'
        ]
    kind = 'optype="categorical" dataType="string"' if labels else 'optype="continuous" dataType="double"'
    return "".join(
        f'<NeuralOutput outputNeuron="{name}"><DerivedField {kind}>{one}</DerivedField></NeuralOutput>'
        for name, one in zip(names, insides, strict=True)
    )
