"""Documents as elements: what the parser keeps, what it refuses, and that the collector goes on afterwards."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.document.collector import Pauses, collector_paused
from streamscore_cli.engines.pmml.document.element import Element, release
from streamscore_cli.engines.pmml.document.grammar import check, shape
from streamscore_cli.engines.pmml.document.parser import Limits, parse
from tests.engines.pmml.documents import data_field, document, schema

NAMESPACE = 'xmlns="http://www.dmg.org/PMML-4_4"'


def parsed(inside: str, attributes: str = "") -> Element:
    return parse(f'<PMML {NAMESPACE} version="4.4" {attributes}>{inside}</PMML>'.encode())


def outline(element: Element) -> object:
    """Return an element as plain data."""
    return [element.tag, element.attributes(), element.text, [outline(child) for child in element.children]]


def test_elements_have_their_attributes_texts_and_lines() -> None:
    root = parsed('\n <A b="1" c="x y">\n  <B/>text<C d=""> </C>\n </A>\n <A b="1" c="2"/>')
    first, second = root.children
    assert outline(first) == [
        "A",
        {"b": "1", "c": "x y"},
        "\n  text\n ",
        [["B", {}, "", []], ["C", {"d": ""}, " ", []]],
    ]
    assert (first.line, second.line, repr(second)) == (2, 5, "<A> (line 5)")
    assert (first.get("c"), first.get("d"), second.get("c")) == ("x y", None, "2")
    assert first.pairs == ("b", "1", "c", "x y")
    assert root.text == ""


def test_attributes_are_told_apart_by_their_order_too() -> None:
    first, second = parsed('<A b="1" c="2"/><A c="3" b="4"/>').children
    assert (first.get("b"), first.get("c"), second.get("b"), second.get("c")) == ("1", "2", "4", "3")


def test_white_space_between_children_is_no_text_and_text_between_them_is() -> None:
    (array, mixed) = parsed("<A>\n <B/>\n <B/>\n</A><A>1 <B/> 2<B/>\n<B/>3</A>").children
    assert array.text == ""
    assert mixed.text.split() == ["1", "2", "3"]


def test_a_long_text_is_whole() -> None:
    text = "0123456789 " * 30_000
    (array,) = parsed(f"<A>{text}</A>").children
    assert array.text == text
    (blank,) = parsed(f"<A>{(' ' * 99 + chr(10)) * 300}</A>").children
    assert blank.text == (" " * 99 + "\n") * 300


def test_x_attributes_are_read_as_what_they_mean() -> None:
    (element,) = parsed('<A x-b="1" c="2"/>').children
    assert element.attributes() == {"b": "1", "c": "2"}
    with pytest.raises(ModelRejected, match=r"x- form in one element \(line 2\)"):
        parsed('<A b="1"/>\n<A b="1" x-b="2"/>')


def test_elements_of_other_namespaces_are_extensions_but_in_the_rows_of_a_table() -> None:
    other = 'xmlns:o="urn:other"'
    root = parsed(f"<row {other}><o:cell>1</o:cell></row><o:cell {other}/><cell/>")
    assert [one.tag for one in root.children] == ["row", "Extension", "cell"]
    assert root.children[0].children[0].tag == "cell"


def test_more_different_names_and_values_than_are_kept_are_read_all_the_same() -> None:
    count = 60_000
    root = parsed("".join(f'<A a{place}="{place}"/>' for place in range(count)))
    assert [one.get(f"a{place}") for place, one in enumerate(root.children)] == [str(place) for place in range(count)]


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(size_bytes=10), "bytes, more than 10"),
        (Limits(depth=2), "nested too deeply or has too many elements"),
        (Limits(elements=3), "nested too deeply or has too many elements"),
    ],
)
def test_limits_are_kept(limits: Limits, why: str) -> None:
    with pytest.raises(ModelRejected, match=why):
        parse(f'<PMML {NAMESPACE} version="4.4"><A><B/><B/></A></PMML>'.encode(), limits)


def test_an_attribute_is_looked_at_in_every_kind_of_element() -> None:
    shapes = {"PMML": shape("version", "A B"), "A": shape("b c"), "B": shape("b")}
    check(parsed('<A b="1" c="2"/><B b="1"/><A b="2" c="3"/>'), shapes)
    with pytest.raises(ModelUnsupported, match=r"<B> \(line 2\) has the attribute 'c'"):
        check(parsed('<A b="1" c="2"/>\n<B b="1" c="2"/>'), shapes)


def test_a_released_document_holds_nothing_and_is_still_named() -> None:
    root = parsed("<A><B><C/></B></A>")
    (kept,) = root.children
    release(root)
    assert (root.children, kept.children, repr(kept)) == ((), (), "<A> (line 1)")


@pytest.fixture
def collecting() -> Iterator[None]:
    was = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.usefixtures("collecting")
def test_the_collector_goes_on_after_a_document_good_or_bad() -> None:
    model = (
        f'<RegressionModel functionName="regression">{schema("x")}<RegressionTable intercept="1"/></RegressionModel>'
    )
    compile_pmml(document([data_field("x")], model))
    assert gc.isenabled()
    for bad in (b"<PMML>", document([], "<A/>")):
        with pytest.raises(ModelRejected):
            compile_pmml(bad)
        assert gc.isenabled()


@pytest.mark.usefixtures("collecting")
def test_the_collector_is_paused_within_and_stays_off_where_it_was() -> None:
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


@pytest.mark.usefixtures("collecting")
def test_the_last_of_several_threads_sets_the_collector_going() -> None:
    pauses = Pauses()
    begun, over = threading.Event(), threading.Event()

    def other() -> None:
        pauses.begin()
        begun.set()
        over.wait(10)
        pauses.end()

    pauses.begin()
    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(10)
    pauses.end()
    assert not gc.isenabled()
    over.set()
    thread.join(10)
    assert gc.isenabled()
