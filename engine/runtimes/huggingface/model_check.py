"""What the library here would read wrongly, or not at all, found before it is loaded."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path


def check_model(folder: Path) -> None:
    """Refuse a model without a task, and one that a newer transformers saved. Raises SystemExit with the fix."""
    config = folder / "config.json"
    if not config.is_file():
        if "HF_TASK" not in os.environ and not (folder / "model_index.json").is_file():
            raise SystemExit(
                "The model archive has no config.json at its top, and HF_TASK is not set. Put the files that "
                "save_pretrained writes at the archive's top and set HF_TASK, such as text-classification, or load the "
                "model with model_fn in code/inference.py."
            )
        return
    library = version("transformers")
    saved = str(json.loads(config.read_text(encoding="utf-8")).get("transformers_version", ""))
    if _major_and_minor(saved) > _major_and_minor(library):
        raise SystemExit(
            f"config.json says that transformers {saved} saved the model, which is newer than transformers {library}, "
            "which serves the image here: it could read the model's settings wrongly. Save the model with an older "
            "one, or load it with model_fn in code/inference.py."
        )


def _major_and_minor(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
