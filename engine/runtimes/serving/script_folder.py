"""Where a model's script is. The engine reads its requirements there, the server its code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

#: The script's default name, as in SageMaker's toolkit.
DEFAULT_PROGRAM = "inference.py"


def find_script(model_dir: Path, environment: Mapping[str, str]) -> tuple[Path, str] | None:
    """Find the user's script; returns its code folder and its path in there, or None if there is none.

    It lies in the model or beside it, where the engine unpacks a script archive: the variables of a job alone start no
    other file of the machine.
    """
    program = environment.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
    submitted = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    folders = [Path(submitted)] if submitted and "://" not in submitted else []
    folders += [model_dir / "code", model_dir]
    unpacked = model_dir.resolve().parent
    for folder in folders:
        script = folder / program
        if script.is_file() and not PurePath(program).is_absolute() and _are_below(unpacked, folder, script):
            return folder, program
    return None


def _are_below(directory: Path, *paths: Path) -> bool:
    return all(directory in path.resolve().parents for path in paths)
