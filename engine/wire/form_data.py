"""multipart/form-data as browsers send it (RFC 7578): small fields, then one file of any size, read as it arrives."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from engine.errors import ServiceError, invalid_argument

#: S3: "the form data and boundaries (excluding the contents of the file) cannot exceed 20KB".
_MAX_FIELD_BYTES = 20 * 1024

#: The parser's callbacks that are used. A header's name or value, or a part's data, may come in several pieces.
_EVENTS = ("header_field", "header_value", "header_end", "headers_finished", "part_data", "part_end", "end")


class FormData:
    """A form whose last part is the file. Parts after the file are ignored."""

    def __init__(self, content_type: str, raw: AsyncIterator[bytes]) -> None:
        """Raises MalformedPOSTRequest if the content type has no usable boundary."""
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary or not boundary.isascii():
            raise _malformed("its Content-Type has no boundary")
        self._raw = raw
        self._events: deque[tuple[str, bytes]] = deque()
        callbacks: Any = {f"on_{event}": partial(self._record, event) for event in _EVENTS}
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise _malformed(str(error)) from None
        self.filename = ""

    async def fields(self) -> dict[str, str]:
        """The fields before the file, by lower-case name. Call it once, then read `file`.

        Raises MalformedPOSTRequest, InvalidArgument (no file), MaxPostPreDataLengthExceeded, IncompleteBody.
        """
        fields: dict[str, str] = {}
        size = 0
        while True:
            name, filename = _names(await self._disposition())
            if name == "file":
                self.filename = filename
                return fields
            value = await self._field_value(_MAX_FIELD_BYTES - size - len(name))
            size += len(name) + len(value)
            try:
                fields[name] = value.decode()
            except UnicodeDecodeError:
                raise _malformed("a field is not UTF-8") from None

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes. Raises IncompleteBody if the form ends before the file does."""
        async for data in self._part_data():
            yield data
        async for _ in self._raw:
            pass

    async def _disposition(self) -> bytes:
        """The Content-Disposition header of the next part, empty if it has none."""
        disposition = name = value = b""
        while True:
            event, data = await self._next_event()
            if event == "header_field":
                name += data
            elif event == "header_value":
                value += data
            elif event == "header_end":
                disposition = value if name.lower() == b"content-disposition" else disposition
                name = value = b""
            elif event == "headers_finished":
                return disposition
            elif event == "end":
                message = "POST requires exactly one file upload per request."
                raise invalid_argument(message, "file", "0")

    async def _field_value(self, limit: int) -> bytes:
        value = bytearray()
        async for data in self._part_data():
            value += data
            if len(value) > limit:
                break
        if len(value) > limit:
            raise _too_long()
        return bytes(value)

    async def _part_data(self) -> AsyncIterator[bytes]:
        while (event_data := await self._next_event())[0] == "part_data":
            yield event_data[1]

    async def _next_event(self) -> tuple[str, bytes]:
        while not self._events:
            chunk = await anext(self._raw, b"")
            if not chunk:
                raise ServiceError("IncompleteBody", "The form ends before its last boundary.")
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise _malformed(str(error)) from None
        return self._events.popleft()

    def _record(self, event: str, data: bytes = b"", start: int = 0, end: int = 0) -> None:
        self._events.append((event, data[start:end]))


def _names(disposition: bytes) -> tuple[str, str]:
    """The field's name in lower case, and the file's own name without folders."""
    parameters = parse_options_header(disposition)[1]
    name = parameters.get(b"name", b"").decode(errors="replace")
    if not name:
        raise _malformed("a part has no name")
    filename = parameters.get(b"filename", b"").decode(errors="replace")
    return name.lower(), filename.replace("\\", "/").rpartition("/")[2]


def _malformed(why: str) -> ServiceError:
    return ServiceError(
        "MalformedPOSTRequest",
        f"The body of your POST request is not well-formed multipart/form-data: {why}.",
    )


def _too_long() -> ServiceError:
    return ServiceError(
        "MaxPostPreDataLengthExceeded",
        "Your POST request fields preceding the upload file were too large.",
        extra={"MaxPostPreDataLengthBytes": str(_MAX_FIELD_BYTES)},
    )
