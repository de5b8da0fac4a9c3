"""The PyTorch image's toolkit as a handler service."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import torch
from sagemaker_inference.default_handler_service import DefaultHandlerService
from sagemaker_inference.transformer import Transformer
from sagemaker_pytorch_serving_container.default_pytorch_inference_handler import (
    DefaultPytorchInferenceHandler,
    ModelLoadError,
)

#: What torch.jit.load says of a file of a later version.
_NEWER = re.compile("maximum supported version|newer version|Unknown builtin op")
_LONGEST_QUOTE = 300


class InferenceHandler(DefaultPytorchInferenceHandler):  # type: ignore[misc]
    """The toolkit's functions, with a reason and a fix where the model cannot be loaded."""

    def default_model_fn(self, model_dir: str) -> Any:
        """Load model.pt, or the one .pt or .pth file, as TorchScript. Raises SystemExit."""
        try:
            return super().default_model_fn(model_dir)
        except ValueError as error:
            raise SystemExit(
                f"{error}. Put one TorchScript file at the archive's top, or load the model with model_fn in "
                "code/inference.py."
            ) from error
        except ModelLoadError as error:
            name = Path(str(error).removeprefix("Failed to load ").partition(". Please")[0]).name
            raise SystemExit(why_not_loaded(name, str(error.__cause__))) from error


class PyTorchService(DefaultHandlerService):  # type: ignore[misc]
    """The toolkit's service. Answers may be tensors, which are written as torch.save does."""

    def __init__(self) -> None:
        super().__init__(Transformer(default_inference_handler=InferenceHandler()))

    def handle(self, data: list[dict[str, bytearray]], context: Any) -> list[Any]:
        """Answer the bodies of a batch."""
        answers = super().handle(data, context)
        return [_saved(answer) if isinstance(answer, torch.Tensor) else answer for answer in answers]


def why_not_loaded(name: str, cause: str) -> str:
    """The reason why a file is not read as TorchScript, with the fix. `cause` is what torch.jit.load says."""
    if _NEWER.search(cause):
        why = f"{name} was saved by a newer PyTorch than {torch.__version__}, which serves the image here"
        fix = "Save the model with the PyTorch of the image"
    else:
        why = f"{name} is no TorchScript file"
        fix = (
            "Save the model with torch.jit.script(model).save('model.pt'), or load it with model_fn in "
            "code/inference.py"
        )
    return f"{why}. {fix}. PyTorch says: {' '.join(cause.split())[:_LONGEST_QUOTE]}"


def _saved(tensor: torch.Tensor) -> bytes:
    file = io.BytesIO()
    torch.save(tensor, file)
    return file.getvalue()
