"""The model server for SageMaker's Hugging Face image.

The image's own toolkit (sagemaker-huggingface-inference-toolkit) finds the task, makes the pipeline, decodes and
encodes, or calls the script's functions; what Multi Model Server does around it is here. Runs in its own environment,
without the engine's modules, and downloads nothing. The program's argument is the image's tag.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from handler_server import HandlerService, serve_handlers
from model_check import check_model
from model_server import model_dir
from script_folder import find_script

#: Multi Model Server's version in the images.
_SERVER_VERSION = "1.1.11"


def main() -> None:
    """Load the script, or the model by the toolkit's defaults, and serve it. Raises SystemExit with the reason."""
    if model_id := os.environ.get("HF_MODEL_ID"):
        raise SystemExit(
            f"HF_MODEL_ID asks for a download of {model_id} from the Hugging Face Hub, which model code cannot reach "
            "here. Download the model, pack its files at the top of a model.tar.gz, name that as ModelDataUrl, set "
            "HF_TASK, and remove HF_MODEL_ID."
        )
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    # Threads of the tokenizers' own would come on top of each instance's share.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if find_script(model_dir(), os.environ) is None and not os.environ.get("SAGEMAKER_PROGRAM"):
        # Without a script the toolkit loads the model: what it would refuse after seconds is refused at once.
        check_model(model_dir())
    serve_handlers(_import_service, _SERVER_VERSION)


def _import_service() -> Callable[[], HandlerService]:
    sys.stdout.write("PyTorch and transformers are being loaded\n")
    # Takes seconds: what can be refused without it is refused before.
    from huggingface_service import HuggingFaceService

    return HuggingFaceService  # type: ignore[no-any-return]
