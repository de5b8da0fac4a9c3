"""The engine's S3 beside moto's server, in one run: small objects, long listings, one large object and its memory.

    ./deck bench s3_store [--runs N] [--objects N] [--megabytes N] [--long-list N] [--json FILE]

Requests are signed before the clock starts and go over one connection, one after another, and once more over 16
connections at once. Each run puts and gets the same small objects, lists a bucket of --objects keys to its end in
pages of 1,000, and puts and gets one object of --megabytes, with a look at the most memory the server had then. Both
servers are fresh processes of this run.

--long-list lists a bucket of that many keys, a million takes 300 MB of disk, on the engine alone: its rows are written
into the index before the engine starts, which other stores have no way for.
"""

from __future__ import annotations

import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import quote

from botocore.credentials import Credentials

from bench import _report
from bench._s3_servers import Client, Server, forget_peak, peak_megabytes
from tests.support.engine import EngineProcess
from tests.support.moto import MotoServer

SMALL = 1000
BODY = b"0123456789abcdef" * 64
BLOCK = bytes(range(256)) * 4096
MB = 1024 * 1024
CONNECTIONS = 16

#: The row of the one object there, under as many other keys.
_COPY_ROW = """
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT ?)
    INSERT INTO objects (bucket, key, size, etag, modified, headers, metadata, checksums, tags, body)
    SELECT bucket, CAST(printf('in/part-%07d.csv', number) AS BLOB), size, etag, modified, headers, metadata,
        checksums, tags, body FROM objects, numbers"""

Figures = dict[str, list[float]]


def main() -> int:
    """Run the benchmark; returns the exit status."""
    parser = _report.parser("s3_store", __doc__ or "")
    parser.add_argument("--objects", type=int, default=100_000, help="keys to list (default: %(default)s)")
    parser.add_argument("--megabytes", type=int, default=1024, help="the large object (default: %(default)s)")
    parser.add_argument("--long-list", type=int, default=0, metavar="N", help="list N keys of the engine too")
    options = parser.parse_args()
    load = _report.load()
    with tempfile.TemporaryDirectory(prefix="batchdeck-bench-") as folder:
        engine, moto = EngineProcess(Path(folder)).start(), MotoServer().start()
        try:
            ours = Client(engine, Credentials(engine.access_key, engine.secret_key))
            theirs = Client(moto, Credentials("any", "any"))
            fill(ours, options.objects)
            fill(theirs, options.objects)
            figures: dict[str, Figures] = {"engine": {}, "moto": {}}
            for _ in range(options.runs):
                one_run(ours, engine, options.objects, options.megabytes, figures["engine"])
                one_run(theirs, moto, options.objects, options.megabytes, figures["moto"])
        finally:
            engine.stop()
            moto.stop()
    print(comparison(figures["engine"], figures["moto"]))
    long_list = list_of(options.long_list) if options.long_list else {}
    for name, value in long_list.items():
        print(f"{options.long_list:,} keys on the engine: {name} {value:,.2f}")
    print(f"{_report.machine_line()}; medians of {options.runs}; load average before: {load}")
    if options.json:
        notes = {"objects": options.objects, "megabytes": options.megabytes, "load_before": load}
        _report.write_json(options.json, "s3_store", {**notes, **figures, "long_list": long_list})
    return 0


def fill(client: Client, objects: int) -> None:
    """Make the buckets, and the keys that are listed."""
    for bucket in ("small", "many", "large"):
        client.send(client.sign("PUT", f"/{bucket}"))
    for number in range(objects):
        client.send(client.sign("PUT", f"/many/in/part-{number:07}.csv", b"x"))
    print(f"{objects} keys are there", file=sys.stderr, flush=True)


def one_run(client: Client, server: Server, objects: int, megabytes: int, figures: Figures) -> None:
    """Add one figure of each kind."""

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    puts = [client.sign("PUT", f"/small/{number}", BODY) for number in range(SMALL)]
    gets = [client.sign("GET", f"/small/{number}") for number in range(SMALL)]
    client.reconnect()
    note("1 KB put, per second", SMALL / timed(lambda: [client.send(put) for put in puts]))
    note("1 KB get, per second", SMALL / timed(lambda: [client.send(get) for get in gets]))
    many = f"over {CONNECTIONS} connections"
    note(f"1 KB put {many}, per second", SMALL / timed(lambda: client.send_by(CONNECTIONS, puts)))
    note(f"1 KB get {many}, per second", SMALL / timed(lambda: client.send_by(CONNECTIONS, gets)))
    note(f"list {objects} keys, seconds", timed(lambda: list_all(client, objects)))
    forget_peak(server)
    blocks = itertools.repeat(BLOCK, megabytes)
    note(
        f"put {megabytes} MB, MB/s",
        megabytes / timed(lambda: client.upload("/large/k", blocks, megabytes * MB)),
    )
    note("memory at most meanwhile, MB", peak_megabytes(server))
    forget_peak(server)
    note(f"get {megabytes} MB, MB/s", megabytes / timed(lambda: download(client, megabytes)))
    note("and at most meanwhile, MB", peak_megabytes(server))


def list_of(keys: int) -> dict[str, float]:
    """Seconds of a whole list of so many keys and of its last page, with memory and disk."""
    with tempfile.TemporaryDirectory(prefix="batchdeck-bench-") as name:
        folder = Path(name)
        engine = EngineProcess(folder).start()
        client = Client(engine, Credentials(engine.access_key, engine.secret_key))
        fill(client, 1)
        engine.stop()
        with closing(sqlite3.connect(folder / "objects" / "index.sqlite3")) as index, index:
            index.execute(_COPY_ROW, (keys - 1,))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MB
        engine.start()
        try:
            forget_peak(engine)
            client = Client(engine, Credentials(engine.access_key, engine.secret_key))
            seconds = timed(lambda: list_all(client, keys))
            after = f"/many?list-type=2&start-after=in%2Fpart-{keys - 1001:07}.csv"
            page = timed(lambda: client.send(client.sign("GET", after)))
            return {
                "seconds": seconds,
                "seconds of the last page": page,
                "most memory, MiB": float(peak_megabytes(engine)),
                "disk, MiB": size,
            }
        finally:
            engine.stop()


def list_all(client: Client, objects: int) -> None:
    """Every page of the bucket of many keys."""
    listed_keys, token = 0, ""
    while True:
        more = f"continuation-token={quote(token, safe='')}&" if token else ""
        page = client.send(client.sign("GET", f"/many?{more}list-type=2"))
        listed_keys += page.count(b"<Key>")
        if b"<IsTruncated>true" not in page:
            break
        token = page.partition(b"<NextContinuationToken>")[2].partition(b"<")[0].decode()
    assert listed_keys == objects, listed_keys


def download(client: Client, megabytes: int) -> None:
    """The large object, every byte."""
    assert client.download("/large/k") == megabytes * MB


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def comparison(ours: Figures, theirs: Figures) -> str:
    """Both servers' medians and how many times better the engine is."""
    rows = []
    for name in ours:
        us, theirs_median = median(ours[name]), median(theirs[name])
        ratio = us / theirs_median if name.endswith(("per second", "MB/s")) else theirs_median / us
        rows.append([name, f"{us:,.1f}", f"{theirs_median:,.1f}", f"{ratio:.1f} x"])
    return _report.columns(["", "engine", "moto", "ratio"], rows)


if __name__ == "__main__":
    sys.exit(main())
