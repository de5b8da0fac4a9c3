"""The model server for SageMaker's scikit-learn image in script mode.

Like the image, it loads SAGEMAKER_PROGRAM from the model's `code` folder or SAGEMAKER_SUBMIT_DIRECTORY. The script
must define `model_fn`; it may define `input_fn`, `predict_fn` and `output_fn`, or `transform_fn` instead of them.
Runs in its own environment, without the engine's modules. The program's argument is the image's tag.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import sys

from handlers import Handlers
from saved_models import check_models
from script_server import serve_script


def main() -> None:
    """Load the script and the model and serve them."""
    check_models(sys.argv[1])
    serve_script(Handlers)
