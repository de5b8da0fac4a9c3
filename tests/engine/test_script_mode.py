"""Every runtime of script mode runs a user's script as SageMaker's containers do: one contract for all of them.

`IMAGES` has a row for each runtime. What only one framework does, such as its default functions, is tested beside it.
Images have one of two toolkits: that of scikit-learn's answers with Flask, that of PyTorch and Hugging Face does not.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.runner.failures import JobFailed
from engine.runtimes.serving.script_folder import find_script
from tests.engine.serving import ENVIRONMENT_SECONDS, last_words, served, support
from tests.engine.transforms import archive, container, transform
from tests.engine.wheels import wheel
from tests.support.engine import EngineProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(ENVIRONMENT_SECONDS)]

#: Images whose toolkit answers with Flask.
FLASK_IMAGES = ["sklearn"]
#: An image of each toolkit, and one of each runtime.
TOOLKITS = [*FLASK_IMAGES, "pytorch-inference"]
IMAGES = [*TOOLKITS, "huggingface-pytorch-inference"]


@pytest.fixture(params=TOOLKITS)
def image(request: pytest.FixtureRequest) -> str:
    """The image whose runtime serves."""
    return str(request.param)


@pytest.fixture(params=IMAGES)
def every_image(request: pytest.FixtureRequest) -> str:
    """The same, of every runtime, for what a runtime could do otherwise than others of its toolkit."""
    return str(request.param)


@pytest.fixture(params=FLASK_IMAGES)
def flask_image(request: pytest.FixtureRequest) -> str:
    """The same, of those whose toolkit answers with Flask."""
    return str(request.param)


def script(model: Path, text: str, name: str = "code/inference.py") -> Path:
    """A model folder with that script."""
    path = model / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return model


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


async def test_the_users_functions_are_called_with_what_the_container_gives_them(
    flask_image: str, tmp_path: Path
) -> None:
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", FUNCTIONS)) as server:
        text = await server.post(b"x", "text/csv", "text/html")
        assert text.body == b"str text/csv model text/html"
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await server.post(b"\xff", "image/png")).body == b"bytes image/png model application/json"
        # A type with parameters is another type to the image.
        charset = await server.post(b"x", "text/csv; charset=utf-8", "text/html")
        assert charset.body == b"bytes text/csv; charset=utf-8 model text/html"


@dataclass(frozen=True, slots=True)
class Return:
    """What a function returns, as source, and the answer that the image's Flask server makes of it."""

    source: str
    status: int
    body: bytes
    kind: str


HTML = "text/html; charset=utf-8"
RETURNS = [
    Return("'text'", 200, b"text", HTML),
    Return("b'text'", 200, b"text", HTML),
    Return("bytearray(b'text')", 200, b"text", HTML),
    Return("('text', 'a/b')", 200, b"text", "a/b"),
    Return("(b'text', 'text/csv')", 200, b"text", "text/csv; charset=utf-8"),
    Return("('text', 'a/b', 'ignored')", 200, b"text", "a/b"),
    Return("(['te', b'xt'], 'a/b')", 200, b"text", "a/b"),
    Return("{'b': 1, 'a': [2]}", 200, b'{"a":[2],"b":1}\n', "application/json"),
    Return("flask.Response('text', 201, mimetype='text/csv')", 201, b"text", "text/csv; charset=utf-8"),
    Return("flask.Response(iter(['te', 'xt']))", 200, b"text", HTML),
    Return("flask.Response('text', 204)", 204, b"", HTML),
    Return("worker.Response('[1]')", 200, b"[1]", "application/json"),
    Return("worker.Response('1,2', 'text/csv', mimetype='text/csv')", 200, b"1,2", "text/csv; charset=utf-8"),
]


@pytest.mark.parametrize("function", ["transform_fn(m, b, c, a)", "output_fn(p, a)"])
async def test_functions_return_what_flask_takes(flask_image: str, tmp_path: Path, function: str) -> None:
    text = "import flask\nfrom sagemaker_containers.beta.framework import worker\n"
    text += "def model_fn(d): pass\n"
    reads = "eval(b)" if "b" in function else "eval(p)"
    if "output" in function:
        text += "def input_fn(b, c): return b\ndef predict_fn(b, m): return b\n"
    text += f"def {function}: return {reads}\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        for returned in RETURNS:
            answer = await server.post(returned.source.encode(), "text/csv", "x/y")
            got = Return(returned.source, answer.status, answer.body, answer.headers["content-type"])
            assert got == returned


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ("7", "output_fn must return text or bytes, not int"),
        ("[1]", "output_fn must return text or bytes, not list"),
        ("('text', 200)", "output_fn must return (body, content type), not (body, int)"),
        ("('text',)", "output_fn returned a tuple of one"),
        ("(7, 'a/b')", "output_fn must return text or bytes, not int"),
        ("flask.Response('x', 99)", "99 is no status of an answer"),
    ],
)
async def test_other_returns_are_a_500_that_names_them(
    flask_image: str, tmp_path: Path, returned: str, sentence: str
) -> None:
    text = f"import flask\ndef model_fn(d): pass\ndef transform_fn(m, b, c, a): return {returned}\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.post(b"", "text/csv")
        assert answer.status == 500
        assert f"TypeError: {sentence}" in answer.body.decode()


IMPORTS = """
import boto3, flask, numpy, psutil, requests
from sagemaker_containers.beta.framework import (
    content_types, encoders, env, errors, modules, server, transformer, worker
)
from sagemaker_inference import content_types as types, decoder, encoder, errors as problems
from sagemaker_inference.default_inference_handler import DefaultInferenceHandler

def model_fn(model_dir):
    return 1

def input_fn(body, content_type):
    return encoders.decode(body, content_type), decoder.decode(body, types.CSV)

def predict_fn(arrays, model):
    return numpy.concatenate(arrays).sum(axis=1)

def output_fn(prediction, accept):
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)
"""


async def test_packages_of_the_image_are_there_to_import(flask_image: str, tmp_path: Path) -> None:
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", IMPORTS)) as server:
        answer = await server.post(b"1,2\n3,4\n", "text/csv", "text/csv")
        assert (answer.status, answer.body) == (200, b"3.0\n7.0\n3.0\n7.0\n")
        assert (await server.post(b"1,2\n3,4\n", "text/csv")).body == b"[3.0, 7.0, 3.0, 7.0]"
        refused = await server.post(b"1,2\n3,4\n", "text/csv", "a/b")
        assert b"UnsupportedFormatError: Accept type a/b is not supported" in refused.body


async def test_what_the_stand_in_for_sagemaker_containers_lacks_is_named(
    flask_image: str, tmp_path: Path
) -> None:
    text = "from sagemaker_containers.beta.framework import modules\ndef model_fn(d): modules.import_module\n"
    status, words = await last_words(flask_image, tmp_path / "home", script(tmp_path / "model", text))
    assert status == 1
    assert "AttributeError: sagemaker_containers.beta.framework.modules.import_module is not there" in words


async def test_transform_fn_stands_in_place_of_the_three(every_image: str, tmp_path: Path) -> None:
    text = "def model_fn(d): return 3\ndef transform_fn(m, body, kind, accept): return f'{m} {body} {kind} {accept}'\n"
    async with served(every_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        assert (await server.post(b"row", "text/csv", "text/html")).body == b"3 row text/csv text/html"


async def test_a_byte_that_is_not_utf8_reaches_the_script_as_a_replacement_character(
    flask_image: str, tmp_path: Path
) -> None:
    text = "def model_fn(d): pass\ndef transform_fn(m, body, kind, accept): return ascii(body)\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        for kind in ("text/csv", "application/json"):
            answer = await server.post(b"1,caf\xe9\n", kind, "text/csv")
            assert (answer.status, answer.body) == (200, rb"'1,caf\ufffd\n'")


async def test_an_output_function_without_a_return_fails_with_its_exception_alone(
    flask_image: str, tmp_path: Path
) -> None:
    text = "def model_fn(d): pass\ndef predict_fn(rows, m): return rows\ndef output_fn(p, accept): pass\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.post(b"1\n", "text/csv")
    assert answer.status == 500
    assert answer.body == b"TypeError: output_fn must return text or bytes, not NoneType\n"


async def test_a_traceback_begins_with_the_script(flask_image: str, tmp_path: Path) -> None:
    text = "def model_fn(d): pass\ndef predict_fn(rows, m): raise ValueError('no rows')\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.post(b"1\n", "text/csv")
    heading, frame, *_, exception = answer.body.decode().splitlines()
    assert heading == "Traceback (most recent call last):"
    assert "inference.py" in frame
    assert exception == "ValueError: no rows"


OFFERED = {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}


@pytest.mark.parametrize(
    "returned",
    [
        f"json.dumps({OFFERED})",
        f"json.dumps({OFFERED}).encode()",
        f"{OFFERED}",
        f"(json.dumps({OFFERED}), 200, {{'Content-Type': 'application/json'}})",
        f"(json.dumps({OFFERED}), '200 OK')",
        f"({OFFERED}, {{'X-Offer': '1'}})",
        f"flask.Response(json.dumps({OFFERED}))",
    ],
)
async def test_execution_parameters_are_those_of_the_script(
    flask_image: str, tmp_path: Path, returned: str
) -> None:
    text = f"import flask, json\ndef model_fn(d): pass\ndef execution_parameters_fn(): return {returned}\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.get("/execution-parameters")
    assert answer.status == 200
    assert json.loads(answer.body) == OFFERED


async def test_execution_parameters_that_fail_are_a_500_and_the_model_serves(
    flask_image: str, tmp_path: Path
) -> None:
    text = "def model_fn(d): pass\ndef execution_parameters_fn(): raise ValueError('none')\n"
    text += "def transform_fn(m, b, c, a): return b\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        answer = await server.get("/execution-parameters")
        assert answer.status == 500
        assert answer.body.endswith(b"ValueError: none\n")
        assert (await server.post(b"x", "text/csv")).body == b"x"


@pytest.mark.skipif(not support().namespaces, reason="the system allows no mount namespaces")
async def test_the_model_is_also_at_opt_ml_model(image: str, tmp_path: Path) -> None:
    text = "def model_fn(d): return float(open('/opt/ml/model/k.txt').read())\n"
    text += "def transform_fn(k, b, c, a): return str(float(b) * k)\n"
    model = script(script(tmp_path / "model", text), "4", "k.txt")
    async with served(image, tmp_path / "home", model) as server:
        assert (await server.post(b"2", "text/csv", "text/csv")).body == b"8.0"


@pytest.mark.skipif(not support().namespaces, reason="the system allows no mount namespaces")
async def test_the_base_directory_is_that_of_the_image(flask_image: str, tmp_path: Path) -> None:
    text = "import os\nfrom sagemaker_containers.beta.framework import env\ndef model_fn(d): pass\n"
    text += "def transform_fn(m, b, c, a): return f\"{os.environ['SAGEMAKER_BASE_DIR']} {env.model_dir}\"\n"
    async with served(flask_image, tmp_path / "home", script(tmp_path / "model", text)) as server:
        assert (await server.post(b"", "text/csv")).body == b"/opt/ml /opt/ml/model"
        assert not any("/opt/ml" in line for line in server.log)


async def test_without_private_mounts_the_log_says_where_the_model_is(
    flask_image: str, tmp_path: Path
) -> None:
    text = "from sagemaker_containers.beta.framework import env\n"
    text += "def model_fn(d): return open(env.model_dir + '/k.txt').read(), open(d + '/k.txt').read()\n"
    text += "def transform_fn(m, b, c, a): return repr(m)\n"
    model = script(script(tmp_path / "model", text), "4", "k.txt")
    bare = replace(support(), namespaces=False, network=False, user_ids=False)
    # The job's own variable does not mislead the script.
    async with served(flask_image, tmp_path / "home", model, means=bare, SAGEMAKER_BASE_DIR="/tmp") as server:
        assert (await server.post(b"", "text/csv")).body == b"('4', '4')"
        await server.wait_for_line("There is no /opt/ml/model here")


async def test_instances_share_the_processors_unless_the_job_says_otherwise(
    image: str, tmp_path: Path
) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    text = "import os\ndef model_fn(d): pass\n"
    text += f"def transform_fn(m, b, c, a): return ' '.join(os.environ[name] for name in {names})\n"
    model, processors = script(tmp_path / "model", text), len(os.sched_getaffinity(0))
    for instances, threads in ((1, processors), (1000, 1)):
        home = tmp_path / f"home-{instances}"
        async with served(image, home, model, instances=instances) as server:
            assert (await server.post(b"", "text/csv")).body.split() == [str(threads).encode()] * 4
    async with served(image, tmp_path / "own", model, instances=1000, OMP_NUM_THREADS="7") as server:
        assert (await server.post(b"", "text/csv")).body == b"7 1 1 1"


# Its requirements

LAYERED = """
import subprocess, sys
from joblib import Parallel, delayed
import extra, numpy

IN_A_CHILD = "import extra, numpy; print(extra.twice(4))"

def model_fn(model_dir):
    return subprocess.check_output([sys.executable, "-c", IN_A_CHILD], text=True).strip()

def transform_fn(model, body, content_type, accept):
    halves = Parallel(n_jobs=2)(delayed(extra.twice)(number) for number in (1, 2))
    return f"{model} {halves}"
"""


async def test_requirements_are_there_for_the_script_and_its_processes(
    every_image: str, tmp_path: Path
) -> None:
    model = script(tmp_path / "model", LAYERED)
    script(model, "numpy==1.0\n./extra-1.0-py3-none-any.whl\n", "code/requirements.txt")
    wheel(model / "code", "extra", {"extra.py": "def twice(number): return 2 * number\n"})
    async with served(every_image, tmp_path / "home", model) as server:
        answer = await server.post(b"", "text/csv")
        assert (answer.status, answer.body) == (200, b"8 [2, 4]")
        assert server.log[0].startswith("numpy==1.0 in code/requirements.txt is passed over: the image's")


async def test_packages_of_a_layer_cannot_be_changed_by_the_script(image: str, tmp_path: Path) -> None:
    text = "import extra\ndef model_fn(d): open(extra.__file__, 'w')\n"
    model = script(tmp_path / "model", text)
    script(model, "./extra-1.0-py3-none-any.whl\n", "code/requirements.txt")
    wheel(model / "code", "extra", {"extra.py": ""})
    log: list[str] = []
    with pytest.raises(JobFailed, match="ended before it was ready"):
        async with served(image, tmp_path / "home", model, log=log):
            pass
    assert any(word in "\n".join(log) for word in ("Read-only file system", "Permission denied"))


async def test_a_job_whose_requirements_fail_has_the_reason_and_the_engine_goes_on(
    image: str, serving_engine: EngineProcess
) -> None:
    files = {"code/inference.py": b"def model_fn(d): pass\ndef transform_fn(m, b, c, a): return b\n"}
    bad = archive({**files, "code/requirements.txt": b"git+https://example.com/x.git\n"})
    failed = transform(
        serving_engine, {"a": b"1\n"}, containers=[{**container(serving_engine, bad), "Image": image}]
    )
    good = archive(files)
    completed = transform(
        serving_engine, {"a": b"1\n"}, containers=[{**container(serving_engine, good), "Image": image}]
    )
    failed.ended(ENVIRONMENT_SECONDS)
    reason = failed.failed()
    assert reason.startswith(
        "AlgorithmError: code/requirements.txt has the line 'git+https://example.com/x.git'"
    )
    assert reason in failed.data_log
    completed.ended(ENVIRONMENT_SECONDS)
    assert completed.completed().outputs == {"a.out": b"1\n"}


# Where the script is

WHICH = "from pathlib import Path\nHERE = Path(__file__)\ndef model_fn(d): return d\n"
TELL = WHICH + "def transform_fn(m, b, c, a): return f'{HERE.parent.name}/{HERE.name}'\n"


async def answering_script(image: str, tmp_path: Path, **environment: str) -> str:
    """Which script answers for the model in `tmp_path`."""
    async with served(image, tmp_path / "home", tmp_path / "model", **environment) as server:
        return (await server.post(b"x", "text/csv")).body.decode()


async def test_the_script_is_the_one_that_sagemaker_program_names(image: str, tmp_path: Path) -> None:
    script(tmp_path / "model", TELL, "code/inference.py")
    script(tmp_path / "model", TELL, "code/serve_it.py")
    assert await answering_script(image, tmp_path) == "code/inference.py"
    assert await answering_script(image, tmp_path, SAGEMAKER_PROGRAM="serve_it.py") == "code/serve_it.py"


async def test_a_script_may_be_at_the_archives_top(image: str, tmp_path: Path) -> None:
    script(tmp_path / "model", TELL, "entry.py")
    assert await answering_script(image, tmp_path, SAGEMAKER_PROGRAM="entry.py") == "model/entry.py"


async def test_the_submit_directory_comes_first_if_it_is_a_folder_that_is_there(
    image: str, tmp_path: Path
) -> None:
    script(tmp_path / "model", TELL)
    script(tmp_path, TELL, "submitted/inference.py")
    submitted = str(tmp_path / "submitted")
    async with served(
        image,
        tmp_path / "home",
        tmp_path / "model",
        tmp_path / "submitted",
        SAGEMAKER_SUBMIT_DIRECTORY=submitted,
    ) as server:
        assert (await server.post(b"x", "text/csv")).body == b"submitted/inference.py"
    # What the SageMaker SDK sets is a path inside the image, or the archive it uploaded.
    for elsewhere in ("/opt/ml/model/code", "s3://bucket/sourcedir.tar.gz"):
        assert (
            await answering_script(image, tmp_path, SAGEMAKER_SUBMIT_DIRECTORY=elsewhere)
            == "code/inference.py"
        )


async def test_a_script_finds_the_modules_beside_it(image: str, tmp_path: Path) -> None:
    text = (
        "from helpers.words import WORD\ndef model_fn(d): pass\ndef transform_fn(m, b, c, a): return WORD\n"
    )
    script(tmp_path / "model", text)
    script(tmp_path / "model", "", "code/helpers/__init__.py")
    script(tmp_path / "model", "WORD = 'found'\n", "code/helpers/words.py")
    assert await answering_script(image, tmp_path) == "found"


#: Names of modules of the engine in a server's process.
OWN_MODULES = (
    "handlers",
    "serve",
    "start",
    "model_server",
    "http_server",
    "main_thread",
    "handler_server",
    "pytorch_service",
)


async def test_modules_beside_the_script_may_have_the_names_of_the_engines(
    image: str, tmp_path: Path
) -> None:
    text = "".join(f"import {name}\n" for name in OWN_MODULES) + "def model_fn(d): pass\n"
    text += f"def transform_fn(m, b, c, a): return str({'+'.join(f'{name}.K' for name in OWN_MODULES)})\n"
    script(tmp_path / "model", text)
    for number, name in enumerate(OWN_MODULES):
        script(tmp_path / "model", f"K = {2**number}\n", f"code/{name}.py")
    async with served(image, tmp_path / "home", tmp_path / "model") as server:
        assert (await server.post(b"", "text/csv")).body == b"255"


async def test_the_engines_modules_cannot_be_imported(every_image: str, tmp_path: Path) -> None:
    text = (
        f"""
import importlib.util, os, subprocess, sys
NAMES = {OWN_MODULES}
"""
        + """
SEARCH = f"import importlib.util; print([n for n in {NAMES} if importlib.util.find_spec(n)])"
def model_fn(d):
    here = [name for name in NAMES if importlib.util.find_spec(name)]
    return here, subprocess.check_output([sys.executable, "-c", SEARCH], text=True)
def transform_fn(m, b, c, a): return repr(m)
"""
    )
    script(tmp_path / "model", text)
    assert await answering_script(every_image, tmp_path) == repr(([], "[]\n"))


async def test_a_script_in_a_subfolder_finds_the_modules_of_code_and_those_beside_it(
    image: str, tmp_path: Path
) -> None:
    text = "import common, beside\ndef model_fn(d): pass\n"
    text += "def predict_fn(rows, m): return rows.sum(axis=1) * common.K + beside.K\n"
    script(tmp_path / "model", text, "code/src/serve.py")
    script(tmp_path / "model", "K = 2\n", "code/common.py")
    script(tmp_path / "model", "K = 9\n", "code/src/common.py")
    script(tmp_path / "model", "K = 0\n", "code/src/beside.py")
    model = tmp_path / "model"
    async with served(image, tmp_path / "home", model, SAGEMAKER_PROGRAM="src/serve.py") as server:
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
async def test_joblib_runs_the_scripts_functions_in_other_processes(
    image: str, tmp_path: Path, program: str
) -> None:
    model = script(tmp_path / "model", PARALLEL, f"code/{program}")
    async with served(image, tmp_path / "home", model, SAGEMAKER_PROGRAM=program) as server:
        answer = await server.post(b"1,2\n3,4\n", "text/csv", "text/csv")
    assert (answer.status, answer.body) == (200, b"3.0\n7.0\n")


async def test_the_script_runs_in_the_main_thread(image: str, tmp_path: Path) -> None:
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
    assert await answering_script(image, tmp_path) == "signal asyncio"


# What cannot be served


async def test_a_missing_script_is_named_with_where_it_belongs(every_image: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert await last_words(
        every_image, tmp_path / "home", tmp_path / "model", SAGEMAKER_PROGRAM="gone.py"
    ) == (
        1,
        "There is no gone.py in the model archive: put it in code/, or name it with SAGEMAKER_PROGRAM",
    )


@pytest.mark.parametrize("program", [os.__file__, "../../outside.py", "linked.py"])
async def test_a_file_outside_the_model_is_no_script(every_image: str, tmp_path: Path, program: str) -> None:
    model = tmp_path / "box" / "model"
    script(model, TELL, "code/other.py")
    script(tmp_path, TELL, "outside.py")
    (model / "code" / "linked.py").symlink_to(os.__file__)
    status, words = await last_words(every_image, tmp_path / "home", model, SAGEMAKER_PROGRAM=program)
    assert status == 1
    assert words.startswith(f"There is no {program} in the model archive")


async def test_a_folder_outside_the_model_is_no_folder_of_a_script(every_image: str, tmp_path: Path) -> None:
    model = script(tmp_path / "box" / "model", TELL, "code/inference.py")
    script(tmp_path, "humanize\n", "outside/requirements.txt")
    inner = os.path.relpath(model / "code" / "inference.py", tmp_path / "outside")
    status, words = await last_words(
        every_image,
        tmp_path / "home",
        model,
        SAGEMAKER_PROGRAM=inner,
        SAGEMAKER_SUBMIT_DIRECTORY=str(tmp_path / "outside"),
    )
    assert status == 1
    assert words.startswith(f"There is no {inner} in the model archive")
    environment = {"SAGEMAKER_PROGRAM": inner, "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "outside")}
    assert find_script(model, environment) is None


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
async def test_a_script_that_cannot_be_served_says_why(
    flask_image: str, tmp_path: Path, text: str, sentence: str
) -> None:
    model = script(tmp_path / "model", text)
    assert await last_words(flask_image, tmp_path / "home", model) == (1, sentence)


async def test_a_script_that_fails_to_load_leaves_its_traceback_in_the_log(
    image: str, tmp_path: Path
) -> None:
    model = script(tmp_path / "model", "def model_fn(d):\n    raise RuntimeError('no weights here')\n")
    status, output = await last_words(image, tmp_path / "home", model)
    assert status == 1
    assert "inference.py" in output
    assert output.endswith("RuntimeError: no weights here")


async def test_the_job_of_a_server_that_ended_before_it_was_ready_fails_with_its_status(
    image: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(JobFailed, match=r"ended before it was ready \(exit status 1\)"):
        async with served(image, tmp_path / "home", tmp_path / "model"):
            pass
