"""What of a PMML document is refused before an engine sees it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml_guard import PmmlLimits, check_pmml, pmml_text

BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE PMML [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(20))
    + "]><PMML>&u;</PMML>"
)


def test_a_plain_document_passes(data_dir: Path) -> None:
    for path in sorted(data_dir.glob("*.pmml")):
        check_pmml(path.read_bytes())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii"])
def test_a_doctype_is_refused_in_every_encoding(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8", "ascii": "us-ascii"}.get(
        encoding, encoding.removesuffix("-le").removesuffix("-be")
    )
    document = f'<?xml version="1.0" encoding="{declared}"?><!DOCTYPE PMML><PMML/>'
    with pytest.raises(ModelRejected, match=r"DOCTYPE \('PMML', line 1\)"):
        check_pmml(document.encode(encoding))


def test_billion_laughs_is_refused_by_its_doctype() -> None:
    with pytest.raises(ModelRejected, match="DOCTYPE"):
        check_pmml(BILLION_LAUGHS.encode())


def test_an_external_dtd_is_refused_and_not_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd"
        with pytest.raises(ModelRejected, match="DOCTYPE"):
            check_pmml(f'<!DOCTYPE PMML SYSTEM "{url}"><PMML/>'.encode())
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_an_entity_without_a_doctype_is_refused() -> None:
    with pytest.raises(ModelRejected, match="not well-formed XML: undefined entity at line 1"):
        check_pmml(b"<PMML>&leak;</PMML>")


def test_nesting_is_limited() -> None:
    document = b"<PMML>" + b"<a>" * 19_999 + b"</a>" * 19_999 + b"</PMML>"
    with pytest.raises(ModelRejected, match="nests deeper than 256 elements"):
        check_pmml(document)
    check_pmml(document, PmmlLimits(max_depth=20_000))


def test_elements_are_counted() -> None:
    document = b"<PMML>" + b"<a/>" * 99 + b"</PMML>"
    check_pmml(document, PmmlLimits(max_nodes=100))
    with pytest.raises(ModelRejected, match="has more than 99 elements"):
        check_pmml(document, PmmlLimits(max_nodes=99))


def test_bytes_are_limited_before_anything_is_parsed() -> None:
    with pytest.raises(ModelRejected, match="has 8 bytes, the limit is 7"):
        check_pmml(b"not XML!", PmmlLimits(max_bytes=7))


@pytest.mark.parametrize("document", [b"", b"<PMML>", b"<PMML></PML>", b"<PMML>\x00</PMML>", b"not XML"])
def test_malformed_documents_are_refused(document: bytes) -> None:
    with pytest.raises(ModelRejected, match="not well-formed"):
        check_pmml(document)


def test_every_truncation_of_a_model_is_refused(data_dir: Path) -> None:
    document = (data_dir / "winequality_linear_regression.pmml").read_bytes().rstrip()
    for end in range(0, len(document), 97):
        with pytest.raises(ModelRejected):
            check_pmml(document[:end])


def test_the_root_has_to_be_pmml() -> None:
    check_pmml(b'<p:PMML xmlns:p="http://www.dmg.org/PMML-4_4"/>')
    with pytest.raises(ModelRejected, match="root element is 'html', not 'PMML'"):
        check_pmml(b"<html><PMML/></html>")


def test_an_encoding_that_parsers_read_differently_is_refused() -> None:
    with pytest.raises(ModelUnsupported, match="the encoding 'cp037'"):
        check_pmml(b'<?xml version="1.0" encoding="cp037"?><PMML/>')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_the_text_is_what_was_written(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding.removesuffix("-le").removesuffix("-be"))
    text = f'<?xml version="1.0" encoding="{declared}"?><PMML note="Rosé"/>'
    data = text.encode(encoding)
    check_pmml(data)
    assert pmml_text(data) == text
    assert pmml_text('<PMML note="Rosé"/>'.encode()) == '<PMML note="Rosé"/>'
