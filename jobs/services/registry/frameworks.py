"""The framework that serves a model, by its image, and the files that it expects in the model's archive."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from transform.saved_models import SCIKIT_LEARN, XGBOOST, SavedModel, read_version, why_unfit_file

Files = Sequence[str]
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Framework:
    """A kind of model server. `lacks` says what an archive with these files lacks; empty if nothing is missing.

    `pattern` is searched in the image's repository. `library` is what saves its models, where an image's tag names the
    library's version.
    """

    title: str
    pattern: str
    lacks: Callable[[Files, Environment], str]
    library: str = ""


def of(image: str) -> Framework | None:
    """The framework of an image, by its name; None if the name matches none."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return next((framework for framework in FRAMEWORKS if re.search(framework.pattern, name)), None)


def version_of(image: str) -> str:
    """The image's tag; empty without one."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def why_unfit(
    image: str, environment: Environment, saved: Mapping[str, Mapping[str, SavedModel]], library: str = ""
) -> str:
    """Why an archive's files do not fit the library that serves an image, as a sentence; else empty.

    `saved` has the libraries that saved each file. `library` is what an engine serves the image with ("XGBoost 2.1.4");
    without it, the image's tag tells the version. Files that only a script reads are compared with its own library.
    """
    framework = of(image)
    if framework is None or not framework.library:
        return ""
    server = (
        SavedModel.read(library)
        if library
        else SavedModel(framework.library, read_version(version_of(image)))
    )
    all_are_models = framework.library == XGBOOST and "SAGEMAKER_PROGRAM" not in environment
    for file, saved_models in saved.items():
        if all_are_models and (_depth(file) > 1 or file.startswith(".")):
            continue
        saved_by_library = (
            saved_models
            if all_are_models
            else {name: model for name, model in saved_models.items() if name == server.library}
        )
        if reason := why_unfit_file(file, saved_by_library, server, version_of(image)):
            return reason
    return ""


def _xgboost(files: Files, environment: Environment) -> str:
    if "SAGEMAKER_PROGRAM" in environment:
        return _script(files, environment)
    if any(_depth(name) == 1 and not name.startswith(".") for name in files):
        return ""
    return f"no model file at its top, such as xgboost-model{_inside_a_folder(files)}"


def _sklearn(files: Files, environment: Environment) -> str:
    return _script(files, environment)


def _pytorch(files: Files, environment: Environment) -> str:
    weights = any(name.endswith((".pth", ".pt", ".bin", ".safetensors", ".mar")) for name in files)
    return "" if weights else f"no weights such as model.pth{_inside_a_folder(files)}"


def _tensorflow(files: Files, environment: Environment) -> str:
    for name in files:
        path = PurePosixPath(name)
        if path.name in ("saved_model.pb", "saved_model.pbtxt") and path.parent.name.isdigit():
            return ""
    return "no SavedModel in a folder named by a number, such as 1/saved_model.pb"


def _huggingface(files: Files, environment: Environment) -> str:
    if (
        "config.json" in files
        or any(name.startswith("code/") for name in files)
        or "HF_MODEL_ID" in environment
    ):
        return ""
    return f"neither config.json nor code/ at its top{_inside_a_folder(files)}"


def _sparkml(files: Files, environment: Environment) -> str:
    if "bundle.json" in files and ("root/model.json" in files or "root/model.pb" in files):
        return ""
    zipped = next((name for name in files if name.endswith(".zip")), "")
    hint = f"; unzip the MLeap bundle {zipped} before packing it" if zipped else _inside_a_folder(files)
    return f"no MLeap bundle, which is bundle.json and root/, at its top{hint}"


def _mlflow(files: Files, environment: Environment) -> str:
    return "" if "MLmodel" in files else f"no MLmodel at its top{_inside_a_folder(files)}"


def _any_file(files: Files, environment: Environment) -> str:
    return "" if files else "no file at all"


def _script(files: Files, environment: Environment) -> str:
    if "://" in environment.get("SAGEMAKER_SUBMIT_DIRECTORY", ""):
        return ""
    program = environment.get("SAGEMAKER_PROGRAM", "inference.py")
    if f"code/{program}" in files or program in files:
        return ""
    return f"no script {program}, neither in code/ nor at its top{_inside_a_folder(files)}"


def _inside_a_folder(files: Files) -> str:
    """A hint at the usual mistake: the folder was packed instead of its contents."""
    tops = {PurePosixPath(name).parts[0] for name in files}
    deep = all(_depth(name) > 1 for name in files)
    return f"; all of it is inside the folder {tops.pop()}/" if files and deep and len(tops) == 1 else ""


def _depth(name: str) -> int:
    return len(PurePosixPath(name).parts)


FRAMEWORKS = (
    Framework("XGBoost", r"^(sagemaker-)?xgboost$", _xgboost, XGBOOST),
    Framework("scikit-learn", r"^(sagemaker-)?(scikit-learn|sklearn)$", _sklearn, SCIKIT_LEARN),
    Framework("Hugging Face", r"^huggingface-", _huggingface),
    Framework("PyTorch", r"pytorch", _pytorch),
    Framework("TensorFlow Serving", r"tensorflow", _tensorflow),
    Framework("MXNet", r"mxnet", _any_file),
    Framework("SparkML Serving", r"^(sagemaker-)?sparkml-serving$", _sparkml),
    Framework("MLflow", r"^mlflow-pyfunc$", _mlflow),
    Framework("AutoGluon", r"^autogluon-", _any_file),
)
OWN_CONTAINER = Framework("Own container", "", _any_file)
