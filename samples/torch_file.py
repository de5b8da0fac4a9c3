"""Reads the tensors of a state dict that PyTorch saved in its old format, without PyTorch.

The format is PyTorch's `torch.serialization._legacy_load`: five pickles (a magic number, a version, facts about the
system, the state dict, the keys of its storages), then each storage as its number of elements and its elements.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

#: A storage's key and type, and where in it the tensor lies: offset, shape and strides, in elements.
_View = tuple[str, str, int, tuple[int, ...], tuple[int, ...]]


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The tensors by name. ValueError if the file is something else or asks for other code than tensors need."""
    with path.open("rb") as file:
        if _unpickled(file) != _MAGIC:
            raise ValueError(f"{path.name} is not a file of PyTorch's old format.")
        for _ in ("version", "system"):
            _unpickled(file)
        views: dict[str, _View] = _unpickled(file)
        types = {key: _TYPES[storage_type] for key, storage_type, *_ in views.values()}
        storages = {}
        for key in _unpickled(file):
            count = int.from_bytes(file.read(8), "little")
            storages[key] = np.frombuffer(file.read(count * types[key].itemsize), types[key])
    return {name: _tensor(storages[key], *place) for name, (key, _, *place) in views.items()}


def _tensor(
    storage: npt.NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> npt.NDArray[Any]:
    steps = [step * storage.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)


class _Unpickler(pickle.Unpickler):
    """Makes views of storages, and nothing else that a pickle could ask for."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _TYPES:
            return name
        raise ValueError(f"A state dict has no {module}.{name}.")

    def persistent_load(self, saved: Any) -> tuple[str, str]:
        _, storage_type, key, *_ = saved
        return key, storage_type


def _view(storage: tuple[str, str], offset: int, shape: Any, strides: Any, *_: Any) -> _View:
    return (*storage, offset, tuple(shape), tuple(strides))


def _unpickled(file: IO[bytes]) -> Any:
    load: Callable[[], Any] = _Unpickler(file).load
    return load()
