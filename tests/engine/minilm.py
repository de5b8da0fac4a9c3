"""all-MiniLM-L6-v2, a real model of sentences: its files from the package that carries them, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from tests.engine.serving import RUNTIMES, computed
from tests.support.engine import CHECKOUT

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:"
    "2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04"
)
TEXTS = [
    "A man is playing a guitar.",
    "Someone plays an instrument.",
    "The stock market fell sharply on Monday.",
    "Shares lost value at the start of the week.",
    "",
    "Ein Satz, der nicht englisch ist, und der einige Wörter mehr hat als die anderen.",
    "OK",
    "Numbers such as 3.14 and signs such as % are tokens, too!",
]


#: The script that makes vectors of sentences.
SENTENCES = CHECKOUT / "bench" / "_sentences.py"


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The model's files by their names in an archive, and the vector of each text, which the library itself makes."""

    files: dict[str, bytes]
    says: list[list[float]]


async def model_folder() -> Path:
    """The folder with the model's files, installed once for each checkout."""
    package = Runtime("minilm", "all-MiniLM-L6-v2", (), (), CHECKOUT / "locks" / "minilm.txt")
    python = await prepare(package, RUNTIMES, lambda _: None)
    packages = next((python.parent.parent / "lib").glob("python3*/site-packages"))
    return next(packages.glob("**/tokenizer_config.json")).parent


async def make_embeddings(directory: Path) -> Embeddings:
    """Ask the library in `directory`, one text at a time: the mean of its tokens' vectors, of length one."""
    folder = await model_folder()
    program = f"""
import json, os
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import pipeline
embed = pipeline("feature-extraction", model={str(folder)!r}, device=-1)
means = [torch.tensor(embed(text)[0]).mean(0) for text in {TEXTS!r}]
print(json.dumps([(mean / mean.norm()).tolist() for mean in means]))
"""
    says: list[list[float]] = await computed(IMAGE, directory, program)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return Embeddings({name: content for name, content in files.items() if "__pycache__" not in name}, says)
