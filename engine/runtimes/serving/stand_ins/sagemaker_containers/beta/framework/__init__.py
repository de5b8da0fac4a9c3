"""What scripts import: encoders and their like under their public names.

The modules for training and for the container's own server can be imported, as the images' examples do, but have
nothing in them: what a script asks of them raises AttributeError.
"""

from __future__ import annotations

from types import ModuleType
from typing import NoReturn

from sagemaker_containers import _content_types as content_types
from sagemaker_containers import _encoders as encoders
from sagemaker_containers import _env as env
from sagemaker_containers import _errors as errors
from sagemaker_containers import _transformer as transformer
from sagemaker_containers import _worker as worker

__all__ = ["content_types", "encoders", "env", "errors", "transformer", "worker"]


class _EmptyModule(ModuleType):
    """A module without content."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"sagemaker_containers.beta.framework.{self.__name__}.{name} is not there: Batchdeck's stand-in for the "
            "package has what serving scripts use"
        )


entry_point = _EmptyModule("entry_point")
files = _EmptyModule("files")
functions = _EmptyModule("functions")
logging = _EmptyModule("logging")
mapping = _EmptyModule("mapping")
modules = _EmptyModule("modules")
mpi = _EmptyModule("mpi")
params = _EmptyModule("params")
process = _EmptyModule("process")
runner = _EmptyModule("runner")
server = _EmptyModule("server")
trainer = _EmptyModule("trainer")
