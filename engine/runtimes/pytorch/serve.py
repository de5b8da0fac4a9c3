"""The model server for SageMaker's PyTorch image.

The image's own toolkit (sagemaker-pytorch-inference) calls the script's functions and has the default ones; what
TorchServe does around it is here. Runs in its own environment, without the engine's modules. The program's argument is
the image's tag.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

from handler_server import HandlerService, serve_handlers
from model_server import model_dir

#: TorchServe's version in the newest image.
_SERVER_VERSION = "0.12.0"
#: In older images torch.load unpickles whatever a file holds, unless a script says otherwise.
_WEIGHTS_ONLY = (2, 6)


def main() -> None:
    """Load the script, or the model by the toolkit's defaults, and serve it. Raises SystemExit with the reason."""
    if _version(sys.argv[1]) < _WEIGHTS_ONLY:
        os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    # As in the image: scripts find the model's files by bare names, and so does the toolkit.
    os.chdir(model_dir())
    serve_handlers(_import_service, _SERVER_VERSION)


def _version(tag: str) -> tuple[int, int]:
    """The major and the minor version that a tag such as 2.1.0-cpu-py310 names."""
    match = re.match(r"(\d+)\.(\d+)", tag)
    return (int(match[1]), int(match[2])) if match else _WEIGHTS_ONLY


def _import_service() -> Callable[[], HandlerService]:
    sys.stdout.write("PyTorch is being loaded\n")
    # Takes seconds: what can be refused without it is refused before.
    from pytorch_service import PyTorchService

    return PyTorchService  # type: ignore[no-any-return]
