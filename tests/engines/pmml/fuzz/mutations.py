"""Documents spoilt at random, as bytes and as elements; what the engine must make of them is said by the tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from xml.etree import ElementTree as Tree
from xml.parsers import expat

ODD = (
    *("", "0", "-1", "1e308", "1e18", "99999999999", "NaN", "INF", "-INF", "x", "true", "\u00e9", "1_0", " 1 ", "0.5"),
    *("-0.0", "1e-320", "2147483648", "-2147483649", "-1e308", "2", "-2", "0001-01-01", "9999-12-31", "(a+)+$", "$1"),
    *(
        "returnInvalid",
        "asMissing",
        "asValue",
        "returnNullPrediction",
        "lastPrediction",
        "defaultChild",
        "weightedMedian",
    ),
    *("regression", "classification", "clustering", "exp", "softmax", "surrogate", "isIn", "ordinal", "continuous"),
    *("dateTime", "time", "float", "dateDaysSince[1960]", "median", "max", "selectFirst"),
    *("string", "double", "integer", "boolean", "date", "sum", "majorityVote", "modelChain", "categorical", "asIs"),
)
NAMES = (
    *(
        "missingValueReplacement",
        "missingValueTreatment",
        "invalidValueTreatment",
        "invalidValueReplacement",
        "outliers",
    ),
    *("lowValue", "highValue", "mapMissingTo", "defaultValue", "rank", "value", "dataType", "optype", "min", "max"),
    *("rescaleFactor", "rescaleConstant", "castInteger", "missingValueStrategy", "missingValuePenalty", "defaultChild"),
    *("noTrueChildStrategy", "normalizationMethod", "threshold", "x-mathContext", "isMultiValued", "feature", "weight"),
    *("multipleModelMethod", "missingPredictionTreatment", "missingThreshold", "recordCount", "confidence", "score"),
    *("exponent", "kind", "compareFunction", "fieldWeight", "similarityScale", "p-parameter", "linkFunction", "n"),
    *("offsetValue", "trialsValue", "distParameter", "reasonCodeAlgorithm", "baselineScore", "gamma", "degree"),
    *("classificationMethod", "numberOfNeighbors", "criterion", "priorProbability", "nbRows", "nbCols", "property"),
)
TEXTS = (*ODD, '"a', '1 2 "', "\\", '\\"' * 5)


def spoilt_bytes(data: bytes, random: Random) -> bytes:
    """Return a document with a few bytes changed, cut out or repeated."""
    result = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place, length = random.randrange(len(result)), random.randint(1, 30)
        kind = random.randrange(3)
        if kind == 0:
            result[place] = random.randrange(256)
        elif kind == 1:
            del result[place : place + length]
        else:
            start = random.randrange(len(result))
            result[place:place] = result[start : start + length]
    return bytes(result)


def spoilt_elements(data: bytes, random: Random) -> bytes:
    """Return a well-formed document with a few elements or attributes changed, taken away, moved or repeated."""
    root = _parsed(data)
    if root.tag.startswith("{"):
        Tree.register_namespace("", root.tag[1:].partition("}")[0])
    for _ in range(random.randint(1, 3)):
        elements = list(root.iter())
        random.choice(CHANGES)(random.choice(elements), random.choice(elements), random)
    return Tree.tostring(root)


def _parsed(data: bytes) -> Tree.Element:
    builder = Tree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = lambda name, attributes: builder.start(_qualified(name), attributes)
    parser.EndElementHandler = lambda name: builder.end(_qualified(name))
    parser.CharacterDataHandler = builder.data
    parser.Parse(data, True)
    return builder.close()


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name


def _odd_value(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    if one.attrib:
        one.attrib[random.choice(list(one.attrib))] = random.choice(ODD)


def _odd_attribute(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    one.attrib[random.choice(NAMES)] = random.choice(ODD)


def _no_attribute(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    if one.attrib:
        del one.attrib[random.choice(list(one.attrib))]


def _swapped_value(one: Tree.Element, other: Tree.Element, random: Random) -> None:
    if one.attrib and other.attrib:
        one.attrib[random.choice(list(one.attrib))] = random.choice(list(other.attrib.values()))


def _no_child(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    if len(one):
        one.remove(random.choice(list(one)))


def _child_again(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    if len(one):
        one.insert(random.randrange(len(one)), copy.deepcopy(random.choice(list(one))))


def _copied(one: Tree.Element, other: Tree.Element, _: Random) -> None:
    one.append(copy.deepcopy(other))


def _odd_text(one: Tree.Element, _: Tree.Element, random: Random) -> None:
    one.text = random.choice(TEXTS)


Change = Callable[[Tree.Element, Tree.Element, Random], None]
CHANGES: tuple[Change, ...] = (
    _odd_value,
    _odd_attribute,
    _no_attribute,
    _swapped_value,
    _no_child,
    _child_again,
    _copied,
    _odd_text,
)
