"""The files of an unpacked model, against the library that is to read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.runtimes.registry import Runtime
from transform.saved_models import SavedModel, find_saved_models, why_unfit_file

_PIECE = 1024 * 1024


def why_too_new(runtime: Runtime, model_dir: Path) -> str:
    """Why a file was saved by a later version than the runtime's library, as a sentence; empty if none was.

    Files of other libraries are no concern of it: a script may bring its own.
    """
    server = SavedModel.read(runtime.library)
    tag = runtime.command[-1]
    for path in sorted(path for path in model_dir.rglob("*") if path.is_file() and not path.is_symlink()):
        saved_models = find_saved_models(_pieces(path))
        saved_by_library = {
            library: saved for library, saved in saved_models.items() if library == server.library
        }
        if reason := why_unfit_file(str(path.relative_to(model_dir)), saved_by_library, server, tag):
            return reason
    return ""


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
