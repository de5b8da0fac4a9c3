"""Whatever bytes a body has, the parsers of the four protocols answer with an error of the protocol.

FUZZ_RUNS=1000000 tries as many bodies of each kind, other ones in each run; without it the same 50,000 are tried.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engine import CHECKOUT

RUNS = int(os.environ.get("FUZZ_RUNS", "0"))
#: Seconds for one body, far more than any takes on a busy machine.
LONGEST = 60
#: A body from which each parser's search begins; the first byte chooses the operation.
BEGINNINGS = {
    "json": b'\x07{"TransformJobName": "a", "Tags": [{"Key": "k", "Value": "v"}], "MaxPayloadInMB": 6}',
    "query": b"\x02Action=GetMetricData&StartTime=1&MetricDataQueries.member.1.Id=a&ScanBy=TimestampAscending",
    "cbor": b"\x00\xa2eStart\xc1\xfbA\xd9\x00\x00\x00\x00\x00\x00dListb\x80\x01",
    "xml": b"\x01<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>",
}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform"
)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("parser", sorted(BEGINNINGS))
def test_no_body_makes_a_parser_fail(parser: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "beginning").write_bytes(BEGINNINGS[parser])
    options = [f"-runs={RUNS or 50_000}", f"-seed={0 if RUNS else 1}", f"-timeout={LONGEST}", "-max_len=2000"]
    # Not the resident memory: a process begins with the highest of the one that starts it, a worker of pytest.
    options += ["-rss_limit_mb=0", "-malloc_limit_mb=1024"]
    command = [sys.executable, "-m", "tests.support.fuzzing.parsers", parser, *options, str(corpus)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "Done" in ended.stderr, ended.stderr[-4000:]
