"""From CreateTransformJob to the first request and to Completed, with a warm runtime and one small object.

./deck bench job_overhead [--runs N] [--json FILE]
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import _report
from bench._engine import Engine
from bench._workload import Workload, make_model, rows


def main() -> None:
    """Run it and print the table."""
    options = _report.parser("job_overhead", __doc__ or "", runs=9).parse_args()
    workload = Workload("small", [b"".join(rows(10))], 10, "MultiRecord", 1)
    seconds: dict[str, list[float]] = {"to the first request": [], "to Completed": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "training")
        engine = Engine(folder / "engine", folder / "training" / "model.tar.gz")
        try:
            engine.upload(workload)
            engine.seconds(workload, 1)  # The runtime's environment is in the page cache after that.
            for _ in range(options.runs):
                engine.seconds(workload, 1)
                to_first_request, to_the_end = engine.overhead(workload)
                seconds["to the first request"].append(to_first_request)
                seconds["to Completed"].append(to_the_end)
        finally:
            engine.stop()
    print(_report.table(seconds))
    print(_report.machine_line())
    if options.json:
        _report.write_json(options.json, "job_overhead", {"seconds": seconds})


if __name__ == "__main__":
    main()
