"""The files of an unpacked bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from . import json_format, protobuf_format
from .definitions import ModelDefinition, NodeDefinition, TreeNode
from .faults import BadBundle

Contents = TypeVar("Contents")

#: Maximum nesting of pipelines and models.
_MOST_LEVELS = 32


class BundleFolder:
    """A folder of a bundle with a model, and possibly a node and subfolders of its parts."""

    def __init__(self, path: Path, bundle: Path, file_format: str, level: int = 0) -> None:
        self._path = path
        self._bundle = bundle
        self._format = file_format
        self._level = level

    @property
    def name(self) -> str:
        """Its path in the bundle, for messages."""
        return str(self._path.relative_to(self._bundle))

    def child(self, name: str) -> BundleFolder:
        """A subfolder. Raises BadBundle for an invalid name."""
        if self._level >= _MOST_LEVELS:
            raise BadBundle(f"{self.name}: there are more than {_MOST_LEVELS} levels of pipelines")
        if not name or Path(name).name != name or name == ".." or "\0" in name:
            raise BadBundle(f"{self.name}: {name!r} is no name of a part")
        return BundleFolder(self._path / name, self._bundle, self._format, self._level + 1)

    def model(self) -> ModelDefinition:
        """Its operator and attributes. Raises BadBundle, which names the file."""
        if self._format == "json":
            return _named(self._file("model"), self._bundle, json_format.read_model)
        return _named(self._file("model"), self._bundle, protobuf_format.read_model)

    def node(self) -> NodeDefinition:
        """Its name, inputs and outputs. Raises BadBundle, which names the file."""
        if self._format == "json":
            return _named(self._file("node"), self._bundle, json_format.read_node)
        return _named(self._file("node"), self._bundle, protobuf_format.read_node)

    def tree(self) -> list[TreeNode]:
        """The nodes of its tree in pre-order. Raises BadBundle, which names the file."""

        def read(data: bytes) -> list[TreeNode]:
            nodes: Iterator[TreeNode]
            nodes = json_format.read_tree(data) if self._format == "json" else protobuf_format.read_tree(data)
            return list(nodes)

        return _named(self._file("tree"), self._bundle, read)

    def _file(self, name: str) -> Path:
        return self._path / f"{name}.{'json' if self._format == 'json' else 'pb'}"


def open_bundle(folder: Path) -> BundleFolder:
    """The root of the bundle whose bundle.json is in that folder. Raises BadBundle."""
    path = folder / "bundle.json"
    if not path.is_file():
        raise BadBundle(
            "there is no bundle.json: put bundle.json and root/ of the unzipped MLeap bundle at the archive's top"
        )
    described = _named(path, folder, json_format.parse_json)
    file_format = described.get("format") if isinstance(described, dict) else None
    if file_format not in ("json", "protobuf"):
        raise BadBundle(f"bundle.json: the format is {file_format!r}, not json or protobuf")
    return BundleFolder(folder / "root", folder, file_format)


def _named(path: Path, bundle: Path, read: Callable[[bytes], Contents]) -> Contents:
    name = path.relative_to(bundle)
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise BadBundle(f"{name} cannot be read: {error.strerror or error}") from error
    except BadBundle as error:
        raise BadBundle(f"{name}: {error}") from error
