"""Model files: which files of the folder are models, who saved them, and how many rounds they predict with."""

# Siblings are found where the server runs, not from here.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import xgboost
from image_version import ImageVersion
from predicting import Model

#: The version in a model that XGBoost saved, alone or inside a pickle: as JSON, and as UBJSON (a byte a number).
_VERSION_FORMS = (
    re.compile(rb'"version"\s*:\s*\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]'),
    re.compile(rb"\x00\x07version\[(?:\$i)?#L\x00{7}\x03i?(.)i?(.)i?(.)", re.DOTALL),
)
#: How files of other libraries begin.
_OTHER_LIBRARIES = (
    (b"tree\nversion=", "LightGBM"),
    (b"CBM1", "CatBoost"),
    (b"PK\x03\x04", "PyTorch, Keras or another library that saves zip files"),
    (b"\x89HDF\r\n", "Keras"),
)
#: Objectives and boosters that predict other numbers here than in old images: from one version up to another.
_CHANGED = {
    "binary:logitraw": ((1, 0), (1, 3)),
    "binary:hinge": ((0, 0), (1, 0)),
    "dart": ((0, 0), (0, 90)),
}


def load_models(directory: Path, image: ImageVersion, *, ensemble: bool) -> list[Model]:
    """The models of the folder, by name: every file, or the first one where it is no ensemble.

    Raises SystemExit with the reason.
    """
    paths = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise SystemExit(f"There is no model in {directory}: put the file xgboost-model at the archive's top")
    return [load_model(path, image) for path in (paths if ensemble else paths[:1])]


def load_model(path: Path, image: ImageVersion) -> Model:
    """One model file, tried as a pickle first, as the container does. Raises SystemExit with the reason."""
    _check_saved_version(path, image)
    pickled = True
    try:
        with path.open("rb") as file:
            unpickler = _OldUnpickler if image.pickles_only_models else pickle.Unpickler
            # Models are code; that is why they run in a process of their own.
            booster = unpickler(file).load()
    except Exception as error:
        pickled = False
        booster = _load_native(path, error)
    if not isinstance(booster, xgboost.Booster):
        raise SystemExit(_other_object(path, booster))
    booster.set_param({"nthread": 1})
    try:
        learner = json.loads(booster.save_config())["learner"]
    except xgboost.core.XGBoostError as error:
        raise SystemExit(
            f"Model {path.name} cannot be loaded: XGBoost {xgboost.__version__}, which stands in for image "
            f"{image.tag}, cannot configure it: {_first_line(error)}. Save it again with XGBoost 2.0 or later, or run "
            "the job on an AWS connection."
        ) from error
    _check_numbers(path, learner, image)
    return Model(booster, learner, _rounds(booster, learner, image, pickled=pickled))


def _load_native(path: Path, pickle_error: Exception) -> xgboost.Booster:
    start = path.read_bytes()[:16]
    library = next((library for prefix, library in _OTHER_LIBRARIES if start.startswith(prefix)), None)
    if library is not None:
        raise SystemExit(
            f"Model {path.name} is a file of {library}, not an XGBoost model: the XGBoost image cannot load it. "
            "Use an image with that library."
        )
    booster = xgboost.Booster()
    try:
        booster.load_model(str(path))
    except xgboost.core.XGBoostError as error:
        raise SystemExit(
            f"Model {path.name} cannot be loaded: Pickle load error={_first_line(pickle_error)} "
            f"XGB load model error={_first_line(error)}"
        ) from error
    return booster


class _OldUnpickler(pickle.Unpickler):
    """Reads a Booster that XGBoost before 1.0 pickled."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name; for Booster one that reads the old state."""
        if (module, name) == ("xgboost.core", "Booster"):
            return _OldBooster
        return super().find_class(module, name)


class _OldBooster(xgboost.Booster):  # type: ignore[misc]
    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self.load_model(bytearray(state.pop("handle")))
        self.__dict__.update(state)


def _check_numbers(path: Path, learner: Any, image: ImageVersion) -> None:
    """Refuse what the library here computes otherwise than that of the image. Raises SystemExit."""
    parts = {"objective": learner["objective"]["name"], "booster": learner["gradient_booster"]["name"]}
    for part, name in parts.items():
        first, end = _CHANGED.get(name, ((0, 0), (0, 0)))
        if first <= image.number < end:
            raise SystemExit(
                f"Model {path.name} has the {part} {name}, for which the XGBoost of image {image.tag} gives other "
                f"numbers than XGBoost {xgboost.__version__}, which stands in for it. Run the job on an AWS connection."
            )


def _check_saved_version(path: Path, image: ImageVersion) -> None:
    """Refuse a model that a later XGBoost saved: an older one reads it without a word, and predicts otherwise."""
    saved = find_saved_version(path.read_bytes())
    library = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
    if saved is not None and image.pickles_only_models and saved[0] > 0:
        raise SystemExit(
            f"Model {path.name} was saved by XGBoost {'.'.join(map(str, saved))}, which is newer than XGBoost "
            f"{'.'.join(map(str, image.number))} of image {image.tag}. Use an image with a library as new."
        )
    if saved is not None and saved[:2] > library:
        raise SystemExit(
            f"Model {path.name} was saved by XGBoost {'.'.join(map(str, saved))}, which is newer than XGBoost "
            f"{xgboost.__version__}, the library that serves image {image.tag}: its predictions could be wrong. Use an "
            f"image with a library as new, or save the model with XGBoost {library[0]}.{library[1]} or earlier."
        )


def find_saved_version(model: bytes) -> tuple[int, int, int] | None:
    """The version of XGBoost that saved a model, by itself or in a pickle; None where the file does not hold one."""
    if (match := _VERSION_FORMS[0].search(model)) is not None:
        return int(match[1]), int(match[2]), int(match[3])
    if (match := _VERSION_FORMS[1].search(model)) is not None:
        return match[1][0], match[2][0], match[3][0]
    # The old binary form: its parameters begin with base_score, num_feature, num_class and two flags.
    if model.startswith(b"binf"):
        return int.from_bytes(model[24:28], "little"), int.from_bytes(model[28:32], "little"), 0
    return None


def _other_object(path: Path, model: Any) -> str:
    kind = type(model)
    if hasattr(model, "get_booster"):
        return (
            f"Model {path.name} is a pickled {kind.__name__}, which the XGBoost image cannot serve: it has no "
            "set_param. Save the model's get_booster() instead."
        )
    return f"Model {path.name} is a {kind.__name__} of {kind.__module__}, not an XGBoost model"


def _rounds(booster: xgboost.Booster, learner: Any, image: ImageVersion, *, pickled: bool) -> int:
    """How many rounds the image predicts with; 0 for all. Early stopping leaves `best_ntree_limit`.

    A pickle brings it as an attribute of the object, a saved model as an attribute that some versions take over.
    """
    if pickled:
        limit = int(vars(booster).get("best_ntree_limit") or 0)
    elif image.reads_best_ntree_limit:
        limit = int(booster.attr("best_ntree_limit") or 0)
    else:
        limit = 0
    if not image.counts_limit_in_trees:
        return limit
    return limit // max(_parallel_trees(learner["gradient_booster"]), 1)


def _parallel_trees(gradient_booster: Any) -> int:
    trees = gradient_booster.get("gbtree", gradient_booster)
    return int(trees.get("gbtree_model_param", {}).get("num_parallel_tree", 1))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
