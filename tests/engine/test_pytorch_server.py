"""The PyTorch runtime loads, reads, predicts and writes as its container does: by its toolkit or a script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import ENVIRONMENT_SECONDS, Served, computed, last_words, served
from tests.engine.wheels import wheel

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(ENVIRONMENT_SECONDS),
    pytest.mark.xdist_group("pytorch"),
]

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.1.0-cpu-py310"
NEWEST = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312-cu124-ubuntu22.04-sagemaker"
ROWS = [[0.1, 1.5, 3.0], [2.2, 0.3, 7.25], [9.75, 4.125, 0.7], [1.0, 1.0, 2.0]]
CSV = "".join(",".join(map(str, row)) + "\n" for row in ROWS).encode()

#: Models as TorchScript and in the forms that are none, and what PyTorch says of the rows.
PROGRAM = f"""
import io, json, zipfile
from pathlib import Path
import numpy as np, torch

torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(4, 2))
script = torch.jit.script(model)

def folder(name):
    path = Path(name)
    path.mkdir()
    return path

script.save(folder("script") / "model.pt")
script.save(folder("other-name") / "ranker.pth")
script.save(folder("several") / "a.pt")
script.save(Path("several", "b.pt"))
torch.save(model.state_dict(), folder("weights") / "model.pt")
torch.save(model, folder("module") / "model.pt")
folder("empty")
with zipfile.ZipFile("script/model.pt") as whole, zipfile.ZipFile(folder("newer") / "model.pt", "w") as newer:
    for item in whole.infolist():
        body = whole.read(item)
        newer.writestr(item.filename, b"9999\\n" if item.filename.endswith(("/version", "/.data/version")) else body)
rows = np.array({ROWS})
np.save("rows.npy", rows.astype(np.float32))
np.save("doubles.npy", rows)
with torch.no_grad():
    says = model.eval()(torch.FloatTensor(rows)).tolist()
print(json.dumps({{"version": torch.__version__, "says": says}}))
"""


@dataclass(frozen=True, slots=True)
class Models:
    """A folder with a folder for each model, PyTorch's version, and its own predictions."""

    folder: Path
    version: str
    says: list[list[float]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models made in the runtime's own environment."""
    folder = tmp_path_factory.mktemp("models")
    output: dict[str, Any] = await computed(IMAGE, folder, PROGRAM)
    return Models(folder, output["version"], output["says"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def torchscript(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A TorchScript model without a script."""
    async with served(IMAGE, tmp_path_factory.mktemp("home"), models.folder / "script") as server:
        yield server


def script(model: Path, text: str) -> Path:
    """A model folder with that script."""
    path = model / "code" / "inference.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return model


# The toolkit's defaults


async def test_torchscript_is_served_without_a_script(torchscript: Served, models: Models) -> None:
    answer = await torchscript.post(json.dumps(ROWS).encode(), "application/json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == models.says
    assert (await torchscript.get("/ping")).status == 200
    assert torchscript.log == ["PyTorch is being loaded", "Model loaded"]


async def test_csv_comes_and_goes_a_row_a_line(torchscript: Served, models: Models) -> None:
    answer = await torchscript.post(CSV, "text/csv", "text/csv")
    assert answer.headers["content-type"] == "text/csv"
    assert [[float(cell) for cell in line.split(b",")] for line in answer.body.splitlines()] == models.says


async def test_a_single_row_of_csv_is_a_vector_as_in_the_image(torchscript: Served, models: Models) -> None:
    answer = await torchscript.post(CSV.splitlines()[0], "text/csv")
    assert json.loads(answer.body) == pytest.approx(models.says[0], rel=1e-5)


async def test_npy_keeps_its_type_and_is_answered_when_it_is_accepted(
    torchscript: Served, models: Models, tmp_path: Path
) -> None:
    body = (models.folder / "rows.npy").read_bytes()
    answer = await torchscript.post(body, "application/x-npy", "application/x-npy")
    (tmp_path / "answer.npy").write_bytes(answer.body)
    read = "import json, numpy; print(json.dumps(numpy.load('answer.npy').tolist()))"
    assert await computed(IMAGE, tmp_path, read) == models.says
    doubles = await torchscript.post((models.folder / "doubles.npy").read_bytes(), "application/x-npy")
    assert doubles.status == 500
    assert b"dtype" in doubles.body


async def test_the_first_known_type_of_accept_is_the_answers(torchscript: Served) -> None:
    answer = await torchscript.post(CSV, "text/csv", "text/html, text/csv, application/json")
    assert answer.status == 200
    assert len(answer.body.splitlines()) == len(ROWS)


@pytest.mark.parametrize(
    ("content_type", "accept", "named"),
    [("text/plain", None, "text/plain"), ("text/csv", "text/html", "text/html"), (None, None, "None")],
)
async def test_other_types_are_a_500_that_names_them(
    torchscript: Served, content_type: str | None, accept: str | None, named: str
) -> None:
    answer = await torchscript.post(CSV, content_type, accept)
    assert answer.status == 500
    assert answer.body.startswith(f"Content type {named} is not supported by this framework.".encode())


async def test_an_error_is_its_message_and_its_traceback(torchscript: Served) -> None:
    answer = await torchscript.post(b"[[1, 2]]", "application/json")
    message, _, trace = answer.body.decode().partition("\nTraceback (most recent call last):\n")
    assert answer.status == 500
    assert "mat1 and mat2 shapes cannot be multiplied" in message
    assert trace
    assert (await torchscript.post(CSV, "text/csv")).status == 200


async def test_a_cell_that_is_no_number_is_refused(torchscript: Served) -> None:
    answer = await torchscript.post(b"1,x,3\n4,5,6\n", "text/csv", "text/csv")
    assert answer.status == 500
    assert answer.body.startswith(b"can't convert np.ndarray of type numpy.")


async def test_the_one_file_may_have_another_name(models: Models, tmp_path: Path) -> None:
    async with served(IMAGE, tmp_path, models.folder / "other-name") as server:
        assert json.loads((await server.post(CSV, "text/csv")).body) == models.says


# Models that cannot be served


@pytest.mark.parametrize("name", ["several", "empty"])
async def test_other_than_one_file_is_refused_with_their_names(
    models: Models, tmp_path: Path, name: str
) -> None:
    status, words = await last_words(IMAGE, tmp_path, models.folder / name)
    last = words.splitlines()[-1]
    assert status == 1
    assert last.startswith("Exactly one .pth or .pt file is required for PyTorch models: [")
    assert all((f"'{file}'" in last) == (name == "several") for file in ("a.pt", "b.pt"))
    assert last.endswith("load the model with model_fn in code/inference.py.")


@pytest.mark.parametrize("name", ["weights", "module"])
async def test_a_file_that_is_no_torchscript_is_refused_with_the_fix(
    models: Models, tmp_path: Path, name: str
) -> None:
    status, words = await last_words(IMAGE, tmp_path, models.folder / name)
    assert status == 1
    assert words.splitlines()[-1].startswith(
        "model.pt is no TorchScript file. Save the model with torch.jit.script"
    )


async def test_a_file_of_a_newer_pytorch_is_refused_with_the_version_here(
    models: Models, tmp_path: Path
) -> None:
    status, words = await last_words(IMAGE, tmp_path, models.folder / "newer")
    assert status == 1
    assert words.splitlines()[-1].startswith(
        f"model.pt was saved by a newer PyTorch than {models.version}, which serves the image here."
    )


# A script's functions

CONTEXT = """
import torch
calls = []
def pre_model_fn(model_dir): calls.append("pre")
def model_fn(model_dir, context): calls.append("model"); return context.system_properties["model_dir"] == model_dir
def model_warmup_fn(model_dir, model): calls.append(f"warm {model}")
def input_fn(body, content_type, context): return [type(body).__name__, content_type]
def predict_fn(data, model): return [*data, *calls]
def output_fn(prediction, accept, context):
    attributes = context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
    context.set_response_status(202, "taken")
    return " ".join([*prediction, accept, str(attributes)]), "text/plain"
"""


async def test_functions_may_take_the_context_and_are_called_in_order(tmp_path: Path) -> None:
    async with served(IMAGE, tmp_path / "home", script(tmp_path / "model", CONTEXT)) as server:
        text = await server.post(b"x", "text/csv", "text/html", attributes="a=1")
        assert text.body == b"str text/csv pre model warm True text/html a=1"
        assert (text.status, text.headers["content-type"]) == (202, "text/plain")
        # All but these two exact types are bytes; the default of Accept is JSON.
        image = await server.post(b"\xff", "image/png")
        assert image.body == b"bytearray image/png pre model warm True application/json None"
        charset = await server.post(b"x", "text/csv; charset=utf-8")
        assert charset.body.startswith(b"bytearray text/csv; charset=utf-8")


async def test_results_are_written_as_torchserve_does(models: Models, tmp_path: Path) -> None:
    text = "import torch\nfrom sagemaker_inference.errors import BaseInferenceToolkitError\n"
    text += "def model_fn(d): pass\ndef transform_fn(m, b, c, a): return eval(b)\n"
    async with served(IMAGE, tmp_path / "home", script(tmp_path / "model", text)) as server:

        async def answered(source: str) -> tuple[int, bytes]:
            answer = await server.post(source.encode(), "text/csv", "x/y")
            return answer.status, answer.body

        assert await answered("'text'") == (200, b"text")
        assert await answered("bytearray(b'text')") == (200, b"text")
        assert await answered("{'b': 1}") == (200, b'{\n  "b": 1\n}')
        assert (await answered("torch.ones(2)"))[1].startswith(b"PK")
        assert await answered("object()") == (
            503,
            b'{\n  "code": 503,\n  "type": "InternalServerException",\n'
            b'  "message": "Unsupported model output data type."\n}\n',
        )
        own_error = "(_ for _ in ()).throw(BaseInferenceToolkitError(422, 'no rows', 'phrase'))"
        status, body = await answered(own_error)
        assert (status, body.partition(b"\n")[0]) == (422, b"no rows")


async def test_a_script_reads_weights_beside_it_by_their_bare_name(models: Models, tmp_path: Path) -> None:
    text = """
import torch
def model_fn(model_dir):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    model.load_state_dict(torch.load("model.pt"))
    return model
"""
    model = script(tmp_path / "model", text)
    (model / "model.pt").write_bytes((models.folder / "weights" / "model.pt").read_bytes())
    async with served(NEWEST, tmp_path / "home", model) as server:
        assert json.loads((await server.post(CSV, "text/csv")).body) == models.says


async def test_whole_modules_are_unpickled_under_the_images_that_do_so(
    models: Models, tmp_path: Path
) -> None:
    model = script(tmp_path / "model", "import torch\ndef model_fn(d): return torch.load('model.pt')\n")
    (model / "model.pt").write_bytes((models.folder / "module" / "model.pt").read_bytes())
    async with served(IMAGE, tmp_path / "home", model) as server:
        assert json.loads((await server.post(CSV, "text/csv")).body) == models.says
    status, words = await last_words(NEWEST, tmp_path / "newest", model)
    assert status == 1
    assert "Weights only load failed" in words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "def transform_fn(m, b, c, a): pass\ndef input_fn(b, c): pass\n",
            "Cannot use transform_fn implementation",
        ),
        ("def model_fn(): pass\n", "TypeError: model_fn takes 0 arguments but 1 were given."),
    ],
)
async def test_functions_that_cannot_be_called_end_the_server_with_the_reason(
    tmp_path: Path, text: str, sentence: str
) -> None:
    status, words = await last_words(IMAGE, tmp_path / "home", script(tmp_path / "model", text))
    assert status == 1
    assert sentence in words.splitlines()[-1]


async def test_requirements_that_need_torch_find_the_one_that_is_there(tmp_path: Path) -> None:
    text = "import extra, torch\ndef model_fn(d): pass\n"
    text += "def transform_fn(m, b, c, a): return extra.zeros() + torch.__version__\n"
    model = script(tmp_path / "model", text)
    (model / "code" / "requirements.txt").write_text("torch==1.0\n./extra-1.0-py3-none-any.whl\n")
    wheel(
        model / "code",
        "extra",
        {"extra.py": "import torch\ndef zeros(): return str(torch.zeros(1).tolist())\n"},
        "torch>=1",
    )
    async with served(IMAGE, tmp_path / "home", model) as server:
        assert (await server.post(b"", "text/csv")).body.startswith(b"[0.0]2.")
        assert server.log[0].startswith("torch==1.0 in code/requirements.txt is passed over")
