"""multipart/form-data as browsers send it (RFC 7578), read as it comes: small fields, then one file of any size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import Message

from engine.errors import ServiceError

#: S3: "the form data and boundaries (excluding the contents of the file) cannot exceed 20KB".
_MOST = 20 * 1024


class FormData:
    """A form whose last part is the file; what follows that is not read."""

    def __init__(self, content_type: str, raw: AsyncIterator[bytes]) -> None:
        """Raises MalformedPOSTRequest if the content type names no boundary."""
        head = Message()
        head["content-type"] = content_type
        boundary = head.get_param("boundary")
        if not isinstance(boundary, str) or not boundary or not boundary.isascii():
            raise _malformed("its Content-Type has no boundary")
        self._delimiter = b"\r\n--" + boundary.encode()
        self._raw = raw
        # The first delimiter has no line end before it.
        self._buffer = bytearray(b"\r\n")
        self.filename = ""

    async def fields(self) -> dict[str, str]:
        """The fields up to the file, names in lower case; then `file` can be read.

        Raises MalformedPOSTRequest, InvalidArgument (no file), MaxPostPreDataLengthExceeded.
        """
        fields: dict[str, str] = {}
        size = 0
        await self._until(self._delimiter)
        while True:
            if (await self._exactly(2)) == b"--":
                raise ServiceError("InvalidArgument", "POST requires exactly one file upload per request.")
            name, filename = _disposition(await self._until(b"\r\n\r\n"))
            if name == "file":
                self.filename = filename
                return fields
            value = await self._until(self._delimiter)
            size += len(name) + len(value)
            if size > _MOST:
                raise _too_long()
            try:
                fields[name] = value.decode()
            except UnicodeDecodeError:
                raise _malformed("a field is not UTF-8") from None

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes. Raises IncompleteBody if the form ends before the file does."""
        while (end := self._buffer.find(self._delimiter)) < 0:
            # The delimiter may have come in part.
            sure = len(self._buffer) - len(self._delimiter)
            if sure > 0:
                yield bytes(self._buffer[:sure])
                del self._buffer[:sure]
            await self._more()
        yield bytes(self._buffer[:end])
        del self._buffer[: end + len(self._delimiter)]
        await self._exactly(2)
        async for _ in self._raw:
            pass

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > _MOST:
                raise _too_long()
            await self._more()
        content = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return content

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._more()
        return bytes(self._buffer[:size])

    async def _more(self) -> None:
        chunk = await anext(self._raw, b"")
        if not chunk:
            raise ServiceError("IncompleteBody", "The form ends before its last boundary.")
        self._buffer += chunk


def _disposition(head: bytes) -> tuple[str, str]:
    for line in head.decode(errors="replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            message = Message()
            message["content-disposition"] = value
            name = message.get_param("name", header="content-disposition")
            filename = message.get_filename() or ""
            if isinstance(name, str) and name:
                return name.lower(), filename.replace("\\", "/").rpartition("/")[2]
    raise _malformed("a part has no name")


def _malformed(why: str) -> ServiceError:
    return ServiceError(
        "MalformedPOSTRequest",
        f"The body of your POST request is not well-formed multipart/form-data: {why}.",
    )


def _too_long() -> ServiceError:
    return ServiceError(
        "MaxPostPreDataLengthExceeded",
        "Your POST request fields preceding the upload file were too large.",
        extra={"MaxPostPreDataLengthBytes": str(_MOST)},
    )
