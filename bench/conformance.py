"""Requests made from botocore's models: every operation and member that the engine has, and what it answers.

    ./deck bench conformance [--only SERVICE[:OPERATION]] [--seed N] [--all] [--write] [--json FILE]

A case is a request that is right by the model, or wrong in one member: a length, a number, a word of an enum, a
pattern, a type, a missing or an unknown member. It is sent in each protocol of its service. The engine must take it,
or answer with the error that the model has for it. The table in docs/engine.md holds the number of passes by service,
which may not fall; --write writes it anew.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import _report
from bench._conformance_figures import read_floor, write_figures
from tests.support.conformance.running import SEED, Result, Runner, all_requests, engine_settings, table_rows
from tests.support.engine import EngineProcess

_PRINTED_FAILURES = 30


def main() -> int:
    """Run all cases; returns 1 if one fails or a service has fewer passes than docs/engine.md says."""
    parser = _report.parser("conformance", __doc__ or "", runs=None)
    parser.add_argument("--only", default="", metavar="SERVICE[:OPERATION]", help="cases of these alone")
    parser.add_argument("--seed", type=int, default=SEED, help="of the combinations (default: %(default)s)")
    parser.add_argument(
        "--all", action="store_true", help=f"print all failures, not the first {_PRINTED_FAILURES} alone"
    )
    parser.add_argument("--write", action="store_true", help="write the figures to docs/engine.md")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write needs all cases: leave --only out")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="batchdeck-bench-") as folder:
        engine = EngineProcess(Path(folder), **engine_settings()).start()
        runner = Runner(engine)
        try:
            runner.prepare()
            results = [
                runner.run(*row) for row in all_requests(options.only, runner.resource_texts, options.seed)
            ]
        finally:
            runner.close()
            engine.stop()
    report(results, time.perf_counter() - began, show=len(results) if options.all else _PRINTED_FAILURES)
    passes = Counter(result.service for result in results if not result.problem)
    if options.json:
        _report.write_json(options.json, "conformance", {"rows": table_rows(results)})
    if options.write:
        write_figures(results)
    fewer = {} if options.only else {s: n for s, n in read_floor().items() if passes[s] < n}
    for service, number in fewer.items():
        print(f"{service}: {passes[service]} passes, docs/engine.md has {number}")
    return 1 if fewer or any(result.problem for result in results) else 0


def report(results: list[Result], seconds: float, *, show: int) -> None:
    """Print failures and the table."""
    failures = [result for result in results if result.problem]
    for result in failures[:show]:
        print(f"{result.title} ({result.protocol})\n    {result.problem}")
    print(_report.columns(["service", "operation", "cases", "passed", "failures"], table_rows(results)))
    print(f"{len(results)} cases, {len(failures)} failures, {seconds:.0f} s; {_report.machine_line()}")


if __name__ == "__main__":
    sys.exit(main())
