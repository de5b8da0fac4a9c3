"""Finding SavedModels in the unpacked archive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .faults import BadModelFolder

_SAVED_MODEL = "saved_model.pb"
#: In the image the archive is unpacked into a folder of this name.
_ROOT_NAME = "model"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The name under which a model is served, and the folders of its versions."""

    name: str
    versions: dict[int, Path] = field(default_factory=dict)


def find_models(root: Path) -> list[ModelFolder]:
    """The models below `root`, in the order of their paths: folders with numbered folders that hold a SavedModel.

    A model has its folder's name, or "model" if it is `root` itself.

    Raises BadModelFolder if there is none, or if two have the same name or version.
    """
    models: dict[Path, ModelFolder] = {}
    for version in _numbered_folders(root):
        folder = version.parent
        name = _ROOT_NAME if folder == root else folder.name
        model = models.setdefault(folder, ModelFolder(name))
        number = int(version.name)
        if number in model.versions:
            raise BadModelFolder(f"Version {number} of the model {model.name} is there twice: remove one")
        model.versions[number] = version
    if not models:
        raise BadModelFolder(
            "no SavedModel bundles found! The archive needs a folder named by a number with saved_model.pb in it, "
            "such as 1/saved_model.pb"
        )
    names = [model.name for model in models.values()]
    for name in names:
        if names.count(name) > 1:
            raise BadModelFolder(f"Two models of the archive have the name {name}: rename one folder")
    return list(models.values())


def choose_default(models: list[ModelFolder], name: str | None) -> str:
    """The name of the model that answers when a request names none. Raises BadModelFolder."""
    names = [model.name for model in models]
    if name is not None and name not in names:
        raise BadModelFolder(
            f"SAGEMAKER_TFS_DEFAULT_MODEL_NAME is {name}, but the archive has {', '.join(sorted(names))}"
        )
    return name or names[0]


def _numbered_folders(folder: Path) -> Iterator[Path]:
    if re.fullmatch(r"[0-9]+", folder.name) and (folder / _SAVED_MODEL).is_file():
        yield folder
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink():
            yield from _numbered_folders(child)
