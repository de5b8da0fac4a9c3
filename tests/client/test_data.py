"""Downloads and uploads by the command line on a running house."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batchdeck import Client
from batchdeck.downloads import Download, fetch, place
from batchdeck.errors import BadName

from tests.client.commands import CommandLine
from tests.support.house import House

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def job(house: House, token: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A completed job with four outputs."""
    variables = {"BATCHDECK_URL": house.url, "BATCHDECK_TOKEN": token}
    cli = CommandLine(tmp_path_factory.mktemp("home"), variables)
    answer = cli.submit("to-download", "--watch", "--exit-status")
    assert answer.code == 0, answer.err
    return str(answer.json["id"])


def test_all_outputs_are_downloaded_and_not_again(cli: CommandLine, client: Client, job: str) -> None:
    first = cli.run("download", job, "--to", "out", "--json")
    assert (first.code, first.json) == (0, {"folder": "out", "files": 4, "there": 0, "failed": 0})
    outputs = {output["name"]: output["size"] for output in client.jobs.outputs(job)}
    assert {file.name: file.stat().st_size for file in (cli.home / "out").iterdir()} == outputs
    assert cli.run("download", job, "--to", "out", "--json").json["there"] == 4
    (cli.home / "out" / "part-0.csv.out").write_text("older")
    assert cli.run("download", job, "--to", "out", "--json").json["there"] == 3
    assert (cli.home / "out" / "part-0.csv.out").stat().st_size == outputs["part-0.csv.out"]


def test_a_download_goes_on_where_it_was_cut_off(client: Client, job: str, tmp_path: Path) -> None:
    output = next(client.jobs.outputs(job))
    whole = client.jobs.open_output(job, output["key"]).data
    ranges: list[dict[str, str]] = []

    def open_cut(headers: Any) -> Any:
        ranges.append(dict(headers))
        answer = client.jobs.open_output(job, output["key"], headers=headers)
        return answer if len(ranges) > 1 else _Cut(answer, 1000)

    fetched = fetch(Download(output["name"], output["size"], output["modified"], open_cut), tmp_path)
    assert fetched.file is not None
    assert fetched.file.read_bytes() == whole
    assert ranges == [{}, {"Range": "bytes=1000-"}]
    assert [file.name for file in tmp_path.iterdir()] == [output["name"]]


class _Cut:
    """An answer whose connection ends after so many bytes."""

    def __init__(self, answer: Any, size: int) -> None:
        self._answer, self._size, self.status = answer, size, answer.status

    def stream(self, piece: int) -> Iterator[bytes]:
        yield self._answer.read(self._size)

    def release_conn(self) -> None:
        self._answer.close()


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "a//b", "", "a/.", "x\0y", "n" * 300])
def test_a_name_that_is_no_file_below_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        place(tmp_path, name)


def test_a_link_in_the_folder_does_not_lead_out_of_it(client: Client, job: str, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (folder / "sub").symlink_to(outside)
    output = next(client.jobs.outputs(job))

    def opening(headers: Any) -> Any:
        return client.jobs.open_output(job, output["key"], headers=headers)

    with pytest.raises(BadName, match="by a link"):
        fetch(Download("sub/x.out", output["size"], None, opening), folder)
    assert list(outside.iterdir()) == []


def test_a_redirect_to_another_host_is_followed_without_the_token() -> None:
    tokens: list[str | None] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers["Authorization"])
            if self.path.startswith("/api/"):
                port = self.server.server_address[1]
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{port}/signed")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Client(f"http://127.0.0.1:{server.server_address[1]}", "bd_secret") as client:
            assert client.jobs.open_output("x", "k").data == b"body"
        server.shutdown()
    assert tokens == ["Bearer bd_secret", None]


def test_the_api_sends_the_rest_of_an_object_only_while_it_is_the_same(client: Client, job: str) -> None:
    output = next(client.jobs.outputs(job))

    def fetch_part(**headers: str) -> tuple[int, str | None, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = client.jobs.open_output(job, output["key"], headers=named)
        return answer.status, answer.headers.get("Content-Range"), answer.data

    first = client.jobs.open_output(job, output["key"])
    whole, etag, size = first.data, first.headers["ETag"], output["size"]
    assert fetch_part(Range="bytes=10-") == (206, f"bytes 10-{size - 1}/{size}", whole[10:])
    assert fetch_part(Range="bytes=10-", If_Range=etag) == (206, f"bytes 10-{size - 1}/{size}", whole[10:])
    assert fetch_part(Range="bytes=10-", If_Range='"other"') == (200, None, whole)
    assert fetch_part(Range=f"bytes={size}-") == (200, None, whole)
    assert fetch_part(Range="bytes=1-2,4-5") == (200, None, whole)


def test_files_and_folders_are_uploaded_once_and_come_back_the_same(cli: CommandLine, client: Client) -> None:
    folder = cli.home / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("1,2\n")
    (folder / "deep" / "leer ü.csv").write_text("")
    large = bytes(range(256)) * 4096 * 20
    (folder / "large.bin").write_bytes(large)
    target = "s3://batchdeck-samples/uploaded/"
    sent = cli.run("upload", "data", target, "--json")
    assert (sent.code, sent.json["failed"]) == (0, 0), sent.err
    names = {entry["name"]: entry["size"] for entry in client.data.list("engine", target)}
    assert names == {"a.csv": 4, "deep/leer ü.csv": 0, "large.bin": len(large)}
    again = cli.run("upload", "data/a.csv", target)
    assert (again.code, "--replace replaces it" in again.err) == (1, True)
    assert cli.run("upload", "data/a.csv", target, "--replace").code == 0
    assert cli.run("download", target, "--to", "back").code == 0
    assert (cli.home / "back" / "large.bin").read_bytes() == large
    assert (cli.home / "back" / "deep" / "leer ü.csv").read_bytes() == b""


def test_parquet_is_converted_and_a_file_that_is_none_fails(cli: CommandLine, client: Client) -> None:
    folder = "s3://batchdeck-samples/parquet/"
    body = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2, 3]}), body)
    client.data.put("engine", f"{folder}a.parquet", body.getvalue())
    client.data.put("engine", f"{folder}none/b.parquet", b"1,2\n")
    done = cli.run("convert", f"{folder}a.parquet", "--to", "csv", "--watch", "--json")
    assert (done.code, done.json["rows"], done.json["output"]) == (0, 3, f"{folder}a.csv"), done.err
    assert client.data.open("engine", f"{folder}a.csv").data == b"1\n2\n3\n"
    failed = cli.run("convert", f"{folder}none/", "--watch")
    assert (failed.code, "does not begin with PAR1" in failed.out) == (3, True)
    begun = client.data.convert("engine", f"{folder}a.parquet")
    assert client.data.wait_for_conversion("engine", begun["id"])["state"] == "COMPLETED"
    assert client.data.make_folder("engine", folder, "new") == f"{folder}new/"
    counted = client.data.count("engine", folder)
    assert (
        client.data.delete("engine", folder, recursive=True, counted_at=counted["counted_at"])["objects"] == 5
    )
    key = client.connections.make_engine_key("engine", "a script", reads_only=True)
    assert key["id"] in [row["id"] for row in client.connections.engine_keys("engine")]
    client.connections.revoke_engine_key("engine", key["id"])


def test_a_bucket_is_made_once(cli: CommandLine, client: Client) -> None:
    answer = cli.run("make-bucket", "by-the-command")
    assert (answer.code, answer.out) == (0, "s3://by-the-command/\n"), answer.err
    assert "by-the-command" in [row["name"] for row in client.connections.browse("engine")["buckets"]]
    again = cli.run("make-bucket", "by-the-command", "--connection", "engine")
    assert (again.code, "There is a bucket by-the-command already." in again.err) == (2, True)
    assert "3 to 63" in cli.run("make-bucket", "NO").err
