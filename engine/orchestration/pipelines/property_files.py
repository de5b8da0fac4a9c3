"""Reading the JSON files to which Std:JsonGet refers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.pipeline_definitions import Definition
from engine.pipeline_definitions.expressions import FileReference
from engine.pipeline_definitions.paths import NamePart, NotThere, look_up
from transform.keys import parse_s3_uri

#: Maximum bytes of a file: it is read within the event loop. SageMaker's own limit is said to be 2 MB.
_MAX_BYTES = 2 * 1024 * 1024
#: The same of all files of one step's expressions.
_MAX_ALL_BYTES = 4 * _MAX_BYTES


class PropertyFiles:
    """The files that one evaluation reads, each once. `properties` are the Describe answers of its steps."""

    def __init__(
        self, ctx: Context, definition: Definition, properties: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._ctx = ctx
        self._definition = definition
        self._properties = properties
        self._documents: dict[str, Any] = {}
        self._room = _MAX_ALL_BYTES

    def read_json(self, source: FileReference | str) -> Any:
        """The document of a property file or of an object. Raises NotThere with a sentence; ServiceError if denied."""
        uri = source if isinstance(source, str) else _uri(self._definition, self._properties, source)
        if uri not in self._documents:
            self._documents[uri] = self._read(uri)
        return self._documents[uri]

    def _read(self, uri: str) -> Any:
        try:
            bucket, key = parse_s3_uri(uri)
        except ValueError as error:
            raise NotThere(f"{error}.") from None
        if not self._ctx.scope.allows(bucket, key):
            raise ServiceError("AccessDeniedException", f"The execution may not read {uri}.")
        info = self._ctx.objects.head(bucket, key)
        if info is None:
            raise NotThere(f"there is no object {uri}.")
        if info.size > _MAX_BYTES:
            raise NotThere(f"{uri} has {info.size} bytes; at most {_MAX_BYTES} are read.")
        self._room -= info.size
        if self._room < 0:
            raise NotThere(
                f"{uri} and the files before it have more than the {_MAX_ALL_BYTES} bytes of a step."
            )
        with self._ctx.objects.open(bucket, key) as reader:
            body = reader.read(info.size)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise NotThere(f"{uri} is not JSON.") from None


def _uri(
    definition: Definition, properties: Mapping[str, Mapping[str, Any]], reference: FileReference
) -> str:
    file = definition.steps[reference.step].property_files[reference.name]
    path = ("ProcessingOutputConfig", "Outputs", NamePart(file.output), "S3Output", "S3Uri")
    folder = look_up(properties.get(reference.step, {}), path)
    return f"{folder.rstrip('/')}/{file.path}"
