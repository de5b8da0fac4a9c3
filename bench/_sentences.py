"""An inference.py that embeds sentences: the mean of a model's vectors over the tokens of each text, of length one.

Runs in the Hugging Face runtime, as a job's script and in `_sentence_loop.py`.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModel, AutoTokenizer


def model_fn(model_dir: str) -> tuple[Any, Any]:
    """The tokenizer and the model."""
    return AutoTokenizer.from_pretrained(model_dir), AutoModel.from_pretrained(model_dir)


def predict_fn(data: dict[str, list[str]], model: tuple[Any, Any]) -> list[list[float]]:
    """A vector for each text of `inputs`."""
    tokenizer, network = model
    tokens = tokenizer(data["inputs"], padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        vectors = network(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    means = (vectors * mask).sum(1) / mask.sum(1)
    embeddings: list[list[float]] = torch.nn.functional.normalize(means).tolist()
    return embeddings
