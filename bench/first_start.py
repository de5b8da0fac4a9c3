"""How long `./deck up` takes until somebody is signed in: in a fresh clone, and once more in the same clone.

    ./deck bench first_start [--runs N] [--json FILE]

Each run clones this repository (its last commit) into a temporary folder, which is not timed. Timed is the time
from `./deck up` until the printed link has signed in and the home page has come. The first start makes the
environment; it takes packages from pip's and uv's cache as this machine has it, so run it once before if the
figures are to be those of a warm cache.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from bench import _report
from tests.support.house import CHECKOUT, House

FIRST, SECOND = "first start", "second start"


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _report.parser("first_start", __doc__ or "").parse_args()
    # Set for this program only; a clone must find its own code.
    os.environ.pop("PYTHONPATH", None)
    seconds: dict[str, list[float]] = {FIRST: [], SECOND: []}
    loads = []
    for number in range(1, options.runs + 1):
        loads.append(_report.load())
        first, second = one_run()
        seconds[FIRST].append(first)
        seconds[SECOND].append(second)
        print(
            f"run {number} of {options.runs}: {first:.1f} s, then {second:.1f} s", file=sys.stderr, flush=True
        )
    print(f"{_report.table(seconds)}\n{_report.machine_line()}; package cache as this machine has it")
    print(f"load average before each run: {', '.join(map(str, loads))}")
    if options.json:
        notes = {"commit": commit(), "package_cache": "as the machine has it", "load_before": loads}
        _report.write_json(options.json, "first_start", {**notes, "seconds": seconds})
    return 0


def one_run() -> tuple[float, float]:
    """Seconds of a first and of a second start. AssertionError, with the log, when a house does not come up."""
    with tempfile.TemporaryDirectory(prefix="batchdeck-bench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", CHECKOUT, clone], check=True)
        house = House(clone, clone / "var")
        try:
            return timed_start(house), timed_start(house)
        finally:
            house.kill()


def timed_start(house: House) -> float:
    """Seconds from ./deck up to the home page of whoever opened the link; the house is stopped again."""
    began = time.monotonic()
    house.start(within=900)
    sign_in(house)
    took = time.monotonic() - began
    house.stop()
    return took


def sign_in(house: House) -> None:
    """Open the printed link and press its button, as a person does. AssertionError unless it leads to the home page."""
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    with browser.open(house.link, timeout=60) as answer:
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode())
    press = urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode()
    with browser.open(house.link, press, timeout=60) as answer:
        assert (answer.status, answer.url) == (200, f"{house.url}/"), f"{answer.status} {answer.url}"


def commit() -> str:
    """The commit that was cloned."""
    command = ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
