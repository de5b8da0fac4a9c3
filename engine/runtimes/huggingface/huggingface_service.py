"""The Hugging Face image's toolkit as a handler service."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from pathlib import Path
from typing import Any

from model_check import check_model
from sagemaker_huggingface_inference_toolkit.handler_service import HuggingFaceHandlerService


class HuggingFaceService(HuggingFaceHandlerService):  # type: ignore[misc]
    """The toolkit's service, which refuses models that its library would read wrongly."""

    def load(self, model_dir: str, context: Any = None) -> Any:
        """Make the pipeline of the model's task. Raises SystemExit, and what transformers raises."""
        check_model(Path(model_dir))
        return super().load(model_dir)
