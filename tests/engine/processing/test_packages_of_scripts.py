"""pip in a processing job: it asks the engine for packages, and installs them for its own job alone."""

from __future__ import annotations

import functools
import threading
import urllib.request
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import pytest

from tests.engine.processing.runs import IMAGES, run
from tests.engine.wheels import wheel
from tests.support.engine import EngineProcess


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A package index with the package `listed`, whose page also names a file of the machine."""
    folder = tmp_path_factory.mktemp("index")
    path = wheel(folder / "files", "listed", {"listed.py": "word = 'from the index'\n"})
    (folder / "simple" / "listed").mkdir(parents=True)
    links = [f"../../files/{path.name}", "file:///etc/hostname"]
    (folder / "simple" / "listed" / "index.html").write_text(
        "".join(f'<a href="{link}">x</a>' for link in links)
    )
    (folder / "simple" / "large").mkdir()
    (folder / "simple" / "large" / "index.html").write_text(
        "".join(f'<a href="../../files/large-{n}.0-py3-none-any.whl">x</a>' for n in range(60_000))
    )
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@pytest.fixture(scope="module")
def installing_engine(index: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with that index, and with a folder with the package `shelved`."""
    folder = tmp_path_factory.mktemp("folder")
    wheel(folder, "shelved", {"shelved.py": "import listed\nword = 'from the folder'\n"}, "listed")
    process = EngineProcess(
        tmp_path_factory.mktemp("installing"),
        ENGINE_EXTRA_RUNTIMES=str(IMAGES),
        UV_DEFAULT_INDEX=index,
        UV_FIND_LINKS=str(folder),
    ).start()
    yield process
    process.stop()


def test_pip_installs_from_the_index_and_the_folders_of_the_engine(installing_engine: EngineProcess) -> None:
    job = run(
        installing_engine,
        """
        import subprocess, sys
        subprocess.run(["pip", "install", "shelved"], check=True)
        words = "import listed, shelved; print(listed.word, 'and', shelved.word)"
        text = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True).stdout
        open("/opt/ml/processing/out/words", "w").write(text)
        """,
    ).completed()
    assert job.outputs == {"words": b"from the index and from the folder\n"}
    again = run(installing_engine, "import shelved")
    assert again.failed().endswith("exit code: 1")
    assert "No module named 'shelved'" in again.log


def test_the_index_answers_for_packages_alone(installing_engine: EngineProcess) -> None:
    job = run(
        installing_engine,
        """
        import json, os, urllib.error, urllib.parse, urllib.request
        base = urllib.parse.urlsplit(os.environ["PIP_INDEX_URL"])
        import base64
        pair = f"{base.username}:{urllib.parse.unquote(base.password)}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        def ask(path):
            request = urllib.request.Request(f"http://{base.hostname}:{base.port}{path}", headers=headers)
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code
        listed = json.loads(ask(base.path + "listed/"))
        token = base64.urlsafe_b64encode(b"file:///etc/hostname").decode().rstrip("=")
        report = {
            "files": [file["filename"] for file in listed["files"]],
            "unknown": ask(base.path + "no-such-package/"),
            "outside": ask(base.path + "..%2f..%2f"),
            "unsigned": ask(f"/_engine/packages/files/{token}.{'0' * 64}/hostname"),
        }
        json.dump(report, open("/opt/ml/processing/out/report", "w"), sort_keys=True)
        """,
    ).completed()
    assert job.outputs["report"].decode() == (
        '{"files": ["listed-1.0-py3-none-any.whl"], "outside": 404, "unknown": 404, "unsigned": 404}'
    )


@pytest.mark.parametrize(
    "authorization", ["", "Basic YTpi", "Basic \xe9", "Basic %%%", "Bearer x", "Basic gICA"]
)
def test_only_scripts_of_running_jobs_may_use_the_index(
    installing_engine: EngineProcess, authorization: str
) -> None:
    request = urllib.request.Request(f"{installing_engine.url}/_engine/packages/simple/listed/")
    request.add_header("Authorization", authorization)
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 401


def test_a_job_has_a_few_requests_under_way_at_most(installing_engine: EngineProcess) -> None:
    job = run(
        installing_engine,
        """
        import base64, json, os, socket, urllib.parse
        base = urllib.parse.urlsplit(os.environ["PIP_INDEX_URL"])
        pair = base64.b64encode(f"{base.username}:{urllib.parse.unquote(base.password)}".encode()).decode()
        def ask(name):
            link = socket.create_connection((base.hostname, base.port))
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            head = f"GET {base.path}{name}/ HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Basic {pair}\\r\\n\\r\\n"
            link.sendall(head.encode())
            return link
        # Their answers are larger than what the sockets hold, and nobody reads them.
        idle = [ask("large") for _ in range(8)]
        for link in idle:
            assert link.recv(12) == b"HTTP/1.1 200"
        assert ask("listed").recv(12) == b"HTTP/1.1 503"
        idle.pop().close()
        while ask("listed").recv(12) != b"HTTP/1.1 200":
            pass
        """,
    )
    job.completed()
