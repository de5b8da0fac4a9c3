"""The files of an unpacked bundle."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from . import json_format, protobuf_format
from .definitions import ModelDefinition, NodeDefinition, TreeNode
from .faults import BadBundle

Contents = TypeVar("Contents")

#: Maximum nesting of pipelines and models.
_MOST_LEVELS = 32
#: Maximum number of parts (steps and trees) and of bytes in their files. Each use of a part counts: one folder can be
#: used often, by links or by its name.
_MOST_PARTS = 10_000
_MOST_BYTES = 2**30


@dataclass(slots=True)
class _Bundle:
    """An unpacked bundle, and what was read of it so far."""

    folder: Path
    file_format: str
    parts: int = 0
    bytes_read: int = 0

    def count_part(self) -> None:
        """Raises BadBundle for too many."""
        self.parts += 1
        if self.parts > _MOST_PARTS:
            raise BadBundle(f"the bundle has more than {_MOST_PARTS} parts, with those that are used twice")

    def read(self, path: Path, parse: Callable[[bytes], Contents]) -> Contents:
        """The contents of a file. Raises BadBundle, which names the file."""
        name = path.relative_to(self.folder)
        try:
            if path.exists() and not path.is_file():
                raise BadBundle("it is not a file")
            self.bytes_read += path.stat().st_size
            if self.bytes_read > _MOST_BYTES:
                raise BadBundle(
                    f"the bundle has more than {_MOST_BYTES} bytes, with files that are used twice"
                )
            return parse(path.read_bytes())
        except OSError as error:
            raise BadBundle(f"{name} cannot be read: {error.strerror or error}") from error
        except BadBundle as error:
            raise BadBundle(f"{name}: {error}") from error


class BundleFolder:
    """A folder of a bundle with a model, and possibly a node and subfolders of its parts."""

    def __init__(self, path: Path, bundle: _Bundle, level: int = 0) -> None:
        self._path = path
        self._bundle = bundle
        self._level = level

    @property
    def name(self) -> str:
        """Its path in the bundle, for messages."""
        return str(self._path.relative_to(self._bundle.folder))

    def child(self, name: str) -> BundleFolder:
        """A subfolder. Raises BadBundle for an invalid name, and for too many parts."""
        if self._level >= _MOST_LEVELS:
            raise BadBundle(f"{self.name}: there are more than {_MOST_LEVELS} levels of pipelines")
        if not _is_name(name):
            raise BadBundle(f"{self.name}: {name!r} is no name of a part")
        self._bundle.count_part()
        return BundleFolder(self._path / name, self._bundle, self._level + 1)

    def model(self) -> ModelDefinition:
        """Its operator and attributes. Raises BadBundle, which names the file."""
        return self._read("model", json_format.read_model, protobuf_format.read_model)

    def node(self) -> NodeDefinition:
        """Its name, inputs and outputs. Raises BadBundle, which names the file."""
        return self._read("node", json_format.read_node, protobuf_format.read_node)

    def tree(self) -> list[TreeNode]:
        """The nodes of its tree in pre-order. Raises BadBundle, which names the file."""
        return self._read("tree", _listed(json_format.read_tree), _listed(protobuf_format.read_tree))

    def _read(
        self, name: str, from_json: Callable[[bytes], Contents], from_protobuf: Callable[[bytes], Contents]
    ) -> Contents:
        if self._bundle.file_format == "json":
            return self._bundle.read(self._path / f"{name}.json", from_json)
        return self._bundle.read(self._path / f"{name}.pb", from_protobuf)


def open_bundle(folder: Path) -> BundleFolder:
    """The root of the bundle whose bundle.json is in that folder. Raises BadBundle."""
    path = folder / "bundle.json"
    if not path.is_file():
        raise BadBundle(
            "there is no bundle.json: put bundle.json and root/ of the unzipped MLeap bundle at the archive's top"
        )
    described = _Bundle(folder, "json").read(path, json_format.parse_json)
    file_format = described.get("format") if isinstance(described, dict) else None
    if file_format not in ("json", "protobuf"):
        raise BadBundle(f"bundle.json: the format is {file_format!r}, not json or protobuf")
    return BundleFolder(folder / "root", _Bundle(folder, file_format))


def _is_name(name: str) -> bool:
    """Whether a folder can have that name."""
    try:
        return bool(name) and Path(name).name == name and name != ".." and b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def _listed(read: Callable[[bytes], Iterator[TreeNode]]) -> Callable[[bytes], list[TreeNode]]:
    return lambda data: list(read(data))
