"""The model server for MLflow's pyfunc image: MLflow's own scoring of a model, behind SageMaker's contract.

Runs in its own environment, without the engine's modules, with the model's own packages in a layer.
"""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import functools
import os
import platform
import sys
import traceback
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from main_thread import MainThread
from model_server import Reply, apply_user_environment, hide_engine_modules, model_dir, serve

#: MLflow's content type of requests without one.
_NO_TYPE = "application/json"


def read_description(folder: Path) -> dict[str, Any]:
    """What MLmodel says. Raises SystemExit if the archive has none at its top."""
    import yaml

    try:
        description = yaml.safe_load((folder / "MLmodel").read_text())
    except FileNotFoundError:
        raise SystemExit(
            "There is no MLmodel at the top of the model archive: pack the folder's content"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SystemExit(f"MLmodel cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(description, dict) or "python_function" not in (description.get("flavors") or {}):
        raise SystemExit("MLmodel has no flavor python_function: save the model with it")
    return description


def check_versions(description: Mapping[str, Any], own_version: str) -> None:
    """Refuse a model that a later MLflow saved. Raises SystemExit. Prints that another Python saved it."""
    saved = str(description.get("mlflow_version", "")).strip()
    if _release(saved) > _release(own_version):
        raise SystemExit(
            f"MLflow {saved} saved the model, which MLflow {own_version} of this runtime may not read as it is meant: "
            "save it with that version or an earlier one"
        )
    python = str(description["flavors"]["python_function"].get("python_version", ""))
    if python and _release(python) != _release(platform.python_version()):
        sys.stdout.write(
            f"Python {python} saved the model, and Python {platform.python_version()} loads it.\n"
        )


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in version.split(".")[:2] if number.isdecimal())


class Scoring:
    """Answers invocations by MLflow's own functions. The model runs in the main thread alone."""

    def __init__(self, model: Any, main_thread: MainThread) -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc import scoring_server

        self._model = model
        self._schema = model.metadata.get_input_schema()
        self._main_thread = main_thread
        self._score = scoring_server.invocations
        self._refusal: type[Any] = MlflowException

    async def invoke(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Answer one request, with MLflow's own status and text for an error."""
        kind = headers.get("content-type", _NO_TYPE)
        try:
            result = await self._main_thread.call(
                functools.partial(self._score, body, kind, self._model, self._schema)
            )
        except self._refusal as error:
            sys.stderr.write(f"{error}\n")
            return Reply(error.get_http_status_code(), error.serialize_as_json().encode(), "application/json")
        except Exception:
            text = traceback.format_exc()
            sys.stderr.write(text)
            return Reply(500, text.encode(errors="backslashreplace"))
        return Reply(result.status, result.response.encode(), result.mimetype)


def main() -> None:
    """Load the model and serve it. Raises SystemExit with the reason if it cannot run."""
    folder = model_dir()
    description = read_description(folder)
    own_version = metadata.version("mlflow-skinny")
    check_versions(description, own_version)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    hide_engine_modules()
    apply_user_environment()
    from mlflow.pyfunc.scoring_server import load_model_with_mlflow_config

    model = load_model_with_mlflow_config(str(folder))
    sys.stdout.write(f"MLflow {own_version}: model loaded\n")
    main_thread = MainThread()
    main_thread.run(functools.partial(serve, Scoring(model, main_thread).invoke))


if __name__ == "__main__":
    main()
