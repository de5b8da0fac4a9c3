"""The scikit-learn runtime runs a user's script as the container in script mode does."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.runner.failures import JobFailed
from tests.engine.serving import Served, computed, last_words, served, support

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = [[0.1, 1.5, 3.0], [2.2, 0.3, 7.25], [9.75, 4.125, 0.7], [1.0, 1.0, 2.0]]
CSV = "".join(",".join(map(str, row)) + "\n" for row in ROWS).encode()

#: A regression and a classifier, each with the plainest script, and what scikit-learn says of the rows.
PROGRAM = f"""
import json
from pathlib import Path
import joblib, numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

SCRIPT = '''
import os, joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
'''
data = np.array({ROWS})
models = {{
    "regression": LinearRegression().fit(data, [1.5, 2.5, 9.0, 1.0]),
    "classifier": LogisticRegression().fit(data, ["low", "low", "high", "low"]),
    "two-targets": LinearRegression().fit(data, [[1, 2], [3, 4], [7, 9], [0, 1]]),
}}
for name, model in models.items():
    Path(name, "code").mkdir(parents=True)
    Path(name, "code", "inference.py").write_text(SCRIPT)
    joblib.dump(model, Path(name, "model.joblib"))
np.save("rows.npy", data)
says = {{name: model.predict(data.astype(np.float32)).tolist() for name, model in models.items()}}
# The last digit may depend on how many rows are predicted together.
says["second-row"] = models["regression"].predict(data[1:2].astype(np.float32)).tolist()
says["exactly"] = models["regression"].predict(data).tolist()
print(json.dumps(says))
"""


@dataclass(frozen=True, slots=True)
class Models:
    """A folder with a folder for each model, and scikit-learn's own predictions."""

    folder: Path
    says: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models made in the runtime's own environment."""
    folder = tmp_path_factory.mktemp("models")
    return Models(folder, await computed("sklearn", folder, PROGRAM))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def regression(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A regression whose script has model_fn alone."""
    folder = tmp_path_factory.mktemp("regression")
    async with served("sklearn", folder, models.folder / "regression") as server:
        yield server


def script(model: Path, text: str, name: str = "code/inference.py") -> Path:
    """A model folder with that script."""
    path = model / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return model


# model_fn alone


async def test_it_is_healthy_and_offers_no_execution_parameters(regression: Served) -> None:
    assert (await regression.get("/ping")).status == 200
    assert (await regression.get("/execution-parameters")).status == 404
    assert regression.log == ["inference.py: model loaded"]


async def test_json_comes_and_goes_when_nothing_else_is_said(models: Models, regression: Served) -> None:
    for content_type in (None, "application/json", "application/json; charset=utf-8"):
        answer = await regression.post(json.dumps(ROWS).encode(), content_type)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert json.loads(answer.body) == models.says["regression"]


async def test_csv_comes_and_goes_a_row_a_line(models: Models, regression: Served) -> None:
    answer = await regression.post(CSV, "text/csv", "text/csv")
    assert answer.headers["content-type"] == "text/csv"
    assert answer.body.endswith(b"\n")
    assert [float(line) for line in answer.body.splitlines()] == models.says["regression"]


async def test_a_single_row_of_csv_is_a_row(models: Models, regression: Served) -> None:
    answer = await regression.post(CSV.splitlines()[1], "text/csv")
    assert json.loads(answer.body) == models.says["second-row"]


async def test_npy_keeps_its_numbers_as_they_are(models: Models, regression: Served) -> None:
    body = (models.folder / "rows.npy").read_bytes()
    answer = await regression.post(body, "application/x-npy")
    assert json.loads(answer.body) == models.says["exactly"]


async def test_npy_is_answered_when_it_is_accepted(
    models: Models, regression: Served, tmp_path: Path
) -> None:
    answer = await regression.post(CSV, "text/csv", "application/x-npy")
    (tmp_path / "answer.npy").write_bytes(answer.body)
    read = "import json, numpy; print(json.dumps(numpy.load('answer.npy').tolist()))"
    assert await computed("sklearn", tmp_path, read) == models.says["regression"]


async def test_several_targets_are_the_columns_of_a_row(models: Models, tmp_path: Path) -> None:
    async with served("sklearn", tmp_path, models.folder / "two-targets") as server:
        answer = await server.post(CSV, "text/csv", "text/csv")
    rows = [[float(cell) for cell in line.split(",")] for line in answer.body.decode().splitlines()]
    assert rows == models.says["two-targets"]


async def test_labels_may_be_words(models: Models, tmp_path: Path) -> None:
    folder = models.folder / "classifier"
    async with served("sklearn", tmp_path, folder, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv") as server:
        answer = await server.post(CSV, "text/csv")
    assert answer.body.decode().splitlines() == models.says["classifier"]


async def test_types_that_the_default_functions_do_not_know_are_named(regression: Served) -> None:
    unread = await regression.post(b"x", "image/png")
    assert (unread.status, unread.body) == (
        415,
        b"Content type image/png is not supported; define input_fn to read it",
    )
    unwritten = await regression.post(CSV, "text/csv", "image/png")
    assert (unwritten.status, unwritten.body) == (
        406,
        b"Accept type image/png is not supported; define output_fn to write it",
    )


async def test_what_the_model_raises_is_a_500_with_its_traceback_in_the_log(regression: Served) -> None:
    answer = await regression.post(b"1,2\n", "text/csv")
    assert answer.status == 500
    assert "Traceback" in answer.body.decode()
    assert "X has 2 features, but LinearRegression is expecting 3 features" in answer.body.decode()
    assert (await regression.post(CSV, "text/csv")).status == 200
    assert any("X has 2 features" in line for line in regression.log)


# The user's own functions

FUNCTIONS = """
def model_fn(model_dir):
    return "model"

def input_fn(body, content_type):
    return [type(body).__name__, content_type]

def predict_fn(data, model):
    return [*data, model]

def output_fn(prediction, accept):
    return " ".join([*prediction, accept]), "text/plain"
"""


async def test_the_users_functions_are_called_with_what_the_container_gives_them(tmp_path: Path) -> None:
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", FUNCTIONS)) as server:
        text = await server.post(b"x", "text/csv; charset=utf-8", "text/html")
        assert (text.body, text.headers["content-type"]) == (b"str text/csv model text/html", "text/plain")
        assert (await server.post(b"\xff", "image/png")).body == b"bytes image/png model application/json"


async def test_an_output_function_may_leave_the_type_out(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef transform_fn(m, body, kind, accept): return eval(body)\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        for returned, kind in (
            (b"'text'", "text/csv"),
            (b"b'text'", "text/csv"),
            (b"('text', 'a/b')", "a/b"),
        ):
            answer = await server.post(returned, "text/csv", "text/csv")
            assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"text", kind)
        refused = await server.post(b"7", "text/csv")
        assert refused.status == 500
        assert b"TypeError: output_fn must return text or bytes, not int" in refused.body


async def test_transform_fn_stands_in_place_of_the_three(tmp_path: Path) -> None:
    text = "def model_fn(d): return 3\ndef transform_fn(m, body, kind, accept): return f'{m} {body} {kind} {accept}'\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        assert (await server.post(b"row", "text/csv", "text/html")).body == b"3 row text/csv text/html"


async def test_a_byte_that_is_not_utf8_reaches_the_script_as_a_replacement_character(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef transform_fn(m, body, kind, accept): return ascii(body)\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        for kind in ("text/csv", "application/json"):
            answer = await server.post(b"1,caf\xe9\n", kind, "text/csv")
            assert (answer.status, answer.body) == (200, rb"'1,caf\ufffd\n'")


async def test_an_output_function_without_a_return_fails_with_its_exception_alone(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef predict_fn(rows, m): return rows\ndef output_fn(p, accept): pass\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.post(b"1\n", "text/csv")
    assert answer.status == 500
    assert answer.body == b"TypeError: output_fn must return text or bytes, not NoneType\n"


async def test_a_traceback_begins_with_the_script(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef predict_fn(rows, m): raise ValueError('no rows')\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.post(b"1\n", "text/csv")
    heading, frame, *_, exception = answer.body.decode().splitlines()
    assert heading == "Traceback (most recent call last):"
    assert "inference.py" in frame
    assert exception == "ValueError: no rows"


OFFERED = {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}


@pytest.mark.parametrize(
    "returned", [f"json.dumps({OFFERED})", f"json.dumps({OFFERED}).encode()", f"{OFFERED}"]
)
async def test_execution_parameters_are_those_of_the_script(tmp_path: Path, returned: str) -> None:
    text = f"import json\ndef model_fn(d): pass\ndef execution_parameters_fn(): return {returned}\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.get("/execution-parameters")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == OFFERED


async def test_execution_parameters_that_fail_are_a_500_and_the_model_serves(tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef execution_parameters_fn(): raise ValueError('none')\n"
    text += "def transform_fn(m, b, c, a): return b\n"
    async with served("sklearn", tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.get("/execution-parameters")
        assert answer.status == 500
        assert answer.body.endswith(b"ValueError: none\n")
        assert (await server.post(b"x", "text/csv")).body == b"x"


@pytest.mark.skipif(not support().namespaces, reason="the system allows no mount namespaces")
async def test_the_model_is_also_at_opt_ml_model(tmp_path: Path) -> None:
    text = "def model_fn(d): return float(open('/opt/ml/model/k.txt').read())\n"
    text += "def predict_fn(rows, k): return rows[:, 0] * k\n"
    model = script(script(tmp_path / "model", text), "4", "k.txt")
    async with served("sklearn", tmp_path / "home", model) as server:
        assert (await server.post(b"1\n2\n", "text/csv", "text/csv")).body == b"4.0\n8.0\n"


# Where the script is

WHICH = "from pathlib import Path\nHERE = Path(__file__)\ndef model_fn(d): return d\n"
TELL = WHICH + "def transform_fn(m, b, c, a): return f'{HERE.parent.name}/{HERE.name}'\n"


async def told(tmp_path: Path, **environment: str) -> str:
    """Which script answers for the model in `tmp_path`."""
    async with served("sklearn", tmp_path / "home", tmp_path / "model", **environment) as server:
        return (await server.post(b"x", "text/csv")).body.decode()


async def test_the_script_is_the_one_that_sagemaker_program_names(tmp_path: Path) -> None:
    script(tmp_path / "model", TELL, "code/inference.py")
    script(tmp_path / "model", TELL, "code/serve_it.py")
    assert await told(tmp_path) == "code/inference.py"
    assert await told(tmp_path, SAGEMAKER_PROGRAM="serve_it.py") == "code/serve_it.py"


async def test_a_script_may_be_at_the_archives_top(tmp_path: Path) -> None:
    script(tmp_path / "model", TELL, "entry.py")
    assert await told(tmp_path, SAGEMAKER_PROGRAM="entry.py") == "model/entry.py"


async def test_the_submit_directory_comes_first_if_it_is_a_folder_that_is_there(tmp_path: Path) -> None:
    script(tmp_path / "model", TELL)
    script(tmp_path, TELL, "submitted/inference.py")
    submitted = str(tmp_path / "submitted")
    async with served(
        "sklearn",
        tmp_path / "home",
        tmp_path / "model",
        tmp_path / "submitted",
        SAGEMAKER_SUBMIT_DIRECTORY=submitted,
    ) as server:
        assert (await server.post(b"x", "text/csv")).body == b"submitted/inference.py"
    # What the SageMaker SDK sets is a path inside the image, or the archive it uploaded.
    for elsewhere in ("/opt/ml/model/code", "s3://bucket/sourcedir.tar.gz"):
        assert await told(tmp_path, SAGEMAKER_SUBMIT_DIRECTORY=elsewhere) == "code/inference.py"


async def test_a_script_finds_the_modules_beside_it(tmp_path: Path) -> None:
    text = (
        "from helpers.words import WORD\ndef model_fn(d): pass\ndef transform_fn(m, b, c, a): return WORD\n"
    )
    script(tmp_path / "model", text)
    script(tmp_path / "model", "", "code/helpers/__init__.py")
    script(tmp_path / "model", "WORD = 'found'\n", "code/helpers/words.py")
    assert await told(tmp_path) == "found"


@pytest.mark.parametrize("name", ["handlers", "serve", "model_server", "http_server", "main_thread"])
async def test_a_module_beside_the_script_may_have_the_name_of_one_of_the_engines(
    tmp_path: Path, name: str
) -> None:
    text = (
        f"from {name} import K\ndef model_fn(d): pass\ndef predict_fn(rows, m): return rows.sum(axis=1) * K\n"
    )
    script(tmp_path / "model", text)
    script(tmp_path / "model", "K = 7\n", f"code/{name}.py")
    async with served("sklearn", tmp_path / "home", tmp_path / "model") as server:
        assert (await server.post(b"1,2\n3,4\n", "text/csv", "text/csv")).body == b"21.0\n49.0\n"


async def test_the_engines_modules_cannot_be_imported(tmp_path: Path) -> None:
    text = """
import importlib.util, os, subprocess, sys
NAMES = ("handlers", "serve", "model_server", "http_server", "main_thread", "start")
SEARCH = f"import importlib.util; print([n for n in {NAMES} if importlib.util.find_spec(n)])"
def model_fn(d):
    here = [name for name in NAMES if importlib.util.find_spec(name)]
    return here, subprocess.check_output([sys.executable, "-c", SEARCH], text=True)
def transform_fn(m, b, c, a): return repr(m)
"""
    script(tmp_path / "model", text)
    assert await told(tmp_path) == repr(([], "[]\n"))


async def test_a_script_in_a_subfolder_finds_the_modules_of_code_and_those_beside_it(tmp_path: Path) -> None:
    text = "import common, beside\ndef model_fn(d): pass\n"
    text += "def predict_fn(rows, m): return rows.sum(axis=1) * common.K + beside.K\n"
    script(tmp_path / "model", text, "code/src/serve.py")
    script(tmp_path / "model", "K = 2\n", "code/common.py")
    script(tmp_path / "model", "K = 9\n", "code/src/common.py")
    script(tmp_path / "model", "K = 0\n", "code/src/beside.py")
    model = tmp_path / "model"
    async with served("sklearn", tmp_path / "home", model, SAGEMAKER_PROGRAM="src/serve.py") as server:
        assert (await server.post(b"1,2\n3,4\n", "text/csv", "text/csv")).body == b"6.0\n14.0\n"


PARALLEL = """
from joblib import Parallel, delayed

def model_fn(d):
    return 1

def total(row):
    return float(row.sum())

def predict_fn(rows, model):
    return Parallel(n_jobs=2)(delayed(total)(row) for row in rows)
"""


@pytest.mark.parametrize("program", ["inference.py", "src/serve.py", "my-script.py"])
async def test_joblib_runs_the_scripts_functions_in_other_processes(tmp_path: Path, program: str) -> None:
    model = script(tmp_path / "model", PARALLEL, f"code/{program}")
    async with served("sklearn", tmp_path / "home", model, SAGEMAKER_PROGRAM=program) as server:
        answer = await server.post(b"1,2\n3,4\n", "text/csv", "text/csv")
    assert (answer.status, answer.body) == (200, b"3.0\n7.0\n")


async def test_the_script_runs_in_the_main_thread(tmp_path: Path) -> None:
    text = """
import asyncio, signal

def model_fn(d):
    signal.signal(signal.SIGUSR1, lambda number, frame: calls.append("signal"))

calls = []

async def wait():
    calls.append("asyncio")

def transform_fn(model, body, content_type, accept):
    signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.getsignal(signal.SIGUSR1))
    asyncio.run(wait())
    return " ".join(calls)
"""
    script(tmp_path / "model", text)
    assert await told(tmp_path) == "signal asyncio"


async def test_requirements_are_not_installed_and_the_log_says_so(tmp_path: Path) -> None:
    script(tmp_path / "model", TELL)
    script(tmp_path / "model", "emoji\n", "code/requirements.txt")
    async with served("sklearn", tmp_path / "home", tmp_path / "model") as server:
        line = await server.first_line()
        assert line.startswith("code/requirements.txt is not installed: the environment is locked")


# What cannot be served


async def test_a_missing_script_is_named_with_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert await last_words(
        "sklearn", tmp_path / "home", tmp_path / "model", SAGEMAKER_PROGRAM="gone.py"
    ) == (
        1,
        "There is no gone.py in the model archive: put it in code/, or name it with SAGEMAKER_PROGRAM",
    )


@pytest.mark.parametrize("program", [os.__file__, "../../outside.py", "linked.py"])
async def test_a_file_outside_the_model_is_no_script(tmp_path: Path, program: str) -> None:
    model = tmp_path / "box" / "model"
    script(model, TELL, "code/other.py")
    script(tmp_path, TELL, "outside.py")
    (model / "code" / "linked.py").symlink_to(os.__file__)
    status, words = await last_words("sklearn", tmp_path / "home", model, SAGEMAKER_PROGRAM=program)
    assert status == 1
    assert words.startswith(f"There is no {program} in the model archive")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n", "The script must define model_fn(model_dir), which returns the loaded model"),
        (
            FUNCTIONS + "def transform_fn(m, b, c, a): pass\n",
            "transform_fn stands in place of input_fn, predict_fn, output_fn: define one or the others",
        ),
    ],
    ids=["no model_fn", "both"],
)
async def test_a_script_that_cannot_be_served_says_why(tmp_path: Path, text: str, sentence: str) -> None:
    model = script(tmp_path / "model", text)
    assert await last_words("sklearn", tmp_path / "home", model) == (1, sentence)


async def test_a_script_that_fails_to_load_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    model = script(tmp_path / "model", "def model_fn(d):\n    raise RuntimeError('no weights here')\n")
    status, said = await last_words("sklearn", tmp_path / "home", model)
    assert status == 1
    assert "inference.py" in said
    assert said.endswith("RuntimeError: no weights here")


async def test_the_job_of_a_server_that_ended_before_it_was_ready_fails_with_its_status(
    tmp_path: Path,
) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(JobFailed, match=r"ended before it was ready \(exit status 1\)"):
        async with served("sklearn", tmp_path / "home", tmp_path / "model"):
            pass
