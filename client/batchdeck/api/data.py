"""Objects in the buckets of connections."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, cast
from urllib.parse import parse_qs, urlsplit

from urllib3.response import BaseHTTPResponse

from batchdeck.api.part import Part, word


class Upload(TypedDict):
    """An upload in parts; `parts` are the numbers of those that have come."""

    id: str
    uri: str
    size: int
    part_size: int
    part_count: int
    parts: list[int]
    started_at: str


class Conversion(TypedDict):
    """A conversion of Parquet files; `share` is the part that is done, 0 to 1."""

    id: str
    path: str
    output: str
    format: str
    header: bool
    state: str
    problem: str
    files: int
    files_done: int
    bytes: int
    rows: int
    share: float
    created_by: str
    created_at: str
    ended_at: str | None


class Entry(TypedDict):
    """An object below a folder; `name` is its key below the folder."""

    uri: str
    name: str
    size: int
    modified: str | None


class Data(Part):
    """Objects, by the slug of a connection and an s3:// address."""

    def list(self, connection: str, folder: str) -> Iterator[Entry]:
        """All objects below a folder."""
        folders = [folder if folder.endswith("/") else f"{folder}/"]
        root = folders[0]
        while folders:
            for page in self._levels(connection, folders.pop()):
                folders.extend(row["uri"] for row in page["folders"])
                for row in page["objects"]:
                    if not row["uri"].endswith("/"):
                        name = row["uri"].removeprefix(root)
                        yield Entry(uri=row["uri"], name=name, size=row["size"], modified=row["modified"])

    def _levels(self, connection: str, folder: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            query = {"path": folder, "after": after}
            page = self._transport.call("GET", f"connections/{word(connection)}/browse/", query=query)
            yield page
            if not page["next"]:
                return
            after = parse_qs(urlsplit(page["next"]).query)["after"][0]

    def open(
        self, connection: str, uri: str, *, headers: Mapping[str, str] | None = None
    ) -> BaseHTTPResponse:
        """An object's bytes, to be read in pieces; close the answer."""
        return self._transport.open(f"connections/{word(connection)}/objects/", {"path": uri}, headers)

    def put(self, connection: str, uri: str, data: bytes, *, replace: bool = False) -> str:
        """Store bytes as an object, 16 MiB at most; returns its address. Conflict `object_exists` if there is one."""
        query = {"path": uri, "replace": replace or None}
        answer = self._transport.put(f"connections/{word(connection)}/objects/", data, query)
        return str(answer["uri"])

    def delete(
        self, connection: str, uri: str, *, recursive: bool = False, counted_at: str | None = None
    ) -> dict[str, Any]:
        """Delete an object, or with `recursive` a folder; what was written after `counted_at` stays."""
        query = {"path": uri, "recursive": recursive or None, "counted_at": counted_at}
        answer = self._transport.call("DELETE", f"connections/{word(connection)}/objects/", query=query)
        return cast("dict[str, Any]", answer)

    def count(self, connection: str, uri: str) -> dict[str, Any]:
        """What a delete would take away; its `counted_at` is for `delete`."""
        answer = self._transport.call(
            "GET", f"connections/{word(connection)}/objects/count/", query={"path": uri}
        )
        return cast("dict[str, Any]", answer)

    def make_bucket(self, connection: str, name: str) -> str:
        """Create a bucket on an engine; returns its address."""
        path = f"connections/{word(connection)}/buckets/"
        return str(self._transport.call("POST", path, body={"name": name})["uri"])

    def make_folder(self, connection: str, folder: str, name: str) -> str:
        """Create a folder in another one, or in a bucket; returns its address."""
        body = {"path": folder, "name": name}
        answer = self._transport.call("POST", f"connections/{word(connection)}/folders/", body=body)
        return str(answer["uri"])

    def convert(
        self,
        connection: str,
        uri: str,
        *,
        to: str = "jsonlines",
        header: bool = False,
        output: str = "",
        replace: bool = False,
    ) -> Conversion:
        """Begin to convert a Parquet file, or all below a folder, `to` jsonlines or csv."""
        body = {"path": uri, "format": to, "header": header, "output": output, "replace": replace}
        path = f"connections/{word(connection)}/conversions/"
        return cast("Conversion", self._transport.call("POST", path, body=body))

    def conversion(self, connection: str, conversion: str) -> Conversion:
        """How far a conversion is."""
        path = f"connections/{word(connection)}/conversions/{word(conversion)}/"
        return cast("Conversion", self._transport.call("GET", path))

    def wait_for_conversion(self, connection: str, conversion: str) -> Conversion:
        """A conversion once it has ended."""
        while (answer := self.conversion(connection, conversion))["state"] in ("WAITING", "RUNNING"):
            time.sleep(1)
        return answer

    def stop_conversion(self, connection: str, conversion: str) -> Conversion:
        """Stop a conversion; files that are done stay."""
        path = f"connections/{word(connection)}/conversions/{word(conversion)}/stop/"
        return cast("Conversion", self._transport.call("POST", path))

    def begin_upload(
        self, connection: str, uri: str, *, size: int, modified: int, replace: bool = False
    ) -> Upload:
        """Begin an upload in parts, or go on with the unfinished one of the same file (`modified` in milliseconds)."""
        body = {"path": uri, "size": size, "modified": modified, "replace": replace}
        path = f"connections/{word(connection)}/uploads/"
        return cast("Upload", self._transport.call("POST", path, body=body))

    def put_part(self, connection: str, upload: str, number: int, data: bytes) -> None:
        """Send one part, counted from 1; it may be sent again."""
        self._transport.put(f"connections/{word(connection)}/uploads/{word(upload)}/parts/{number}/", data)

    def complete_upload(self, connection: str, upload: str, *, replace: bool = False) -> str:
        """Put the parts together; returns the object's address."""
        path = f"connections/{word(connection)}/uploads/{word(upload)}/complete/"
        answer = self._transport.call("POST", path, query={"replace": replace or None})
        return str(answer["uri"])
