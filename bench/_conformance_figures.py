"""The table of docs/engine.md with the number of cases that pass, by service."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.support.conformance.running import Result
from tools.field_tables import markdown_table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "engine.md"
_TABLE = re.compile(r"(?<=<!-- figures: conformance -->\n)(.*?)(?=<!-- end of figures -->)", re.DOTALL)


def read_floor() -> dict[str, int]:
    """Passes by service, as the document has them."""
    table = _TABLE.search(DOCUMENT.read_text())
    rows = (
        [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]
        if table
        else []
    )
    return {row[0]: int(row[3].replace(",", "")) for row in rows}


def write_figures(results: Sequence[Result]) -> None:
    """Write the table anew."""
    DOCUMENT.write_text(_TABLE.sub(lambda _: figures_table(results), DOCUMENT.read_text()))


def figures_table(results: Sequence[Result]) -> str:
    """Operations, cases and passes of each service."""
    rows = []
    for service in sorted({result.service for result in results}):
        service_results = [result for result in results if result.service == service]
        operations = len({result.operation for result in service_results})
        passes = sum(not result.problem for result in service_results)
        rows.append((service, str(operations), f"{len(service_results):,}", f"{passes:,}"))
    return markdown_table(("service", "operations", "cases", "passed"), rows)
