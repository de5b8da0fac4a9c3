"""A package index for the scripts of processing jobs, whose network ends at the engine: pip asks here.

It passes on the index of the operator's settings (UV_DEFAULT_INDEX, UV_INDEX, else PyPI) and the folders of wheels of
this machine (UV_FIND_LINKS, PIP_FIND_LINKS), by the simple repository API
(https://packaging.python.org/specifications/simple-repository-api/). Only keys of running jobs may use it. What can be
asked of an index is the name of a package, and a file that its answer named.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from engine.credentials import Credentials
from engine.runtimes.environments import wheel_folders
from engine.runtimes.processing import PACKAGES
from engine.wire.request import Request
from engine.wire.response import Response

_JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON_TYPE}, text/html;q=0.1"
_SIMPLE = re.compile(rf"{PACKAGES}simple/([A-Za-z0-9._-]{{1,100}})/?")
_FILE = re.compile(rf"{PACKAGES}files/([A-Za-z0-9_-]+)\.([0-9a-f]{{64}})/[^/]+")
_TIMEOUT = 60
_CHUNK = 256 * 1024
#: Maximum bytes of an index's answer about one package.
_LARGEST_LIST = 64 * 1024 * 1024
#: Signs the addresses of files, so that no others can be asked for.
_SECRET = secrets.token_bytes(32)
_FORWARDED = ("requires-python", "yanked")
#: Threads of its own: an index that does not answer must not hold up the rest of the engine.
_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="packages")
_Result = TypeVar("_Result")


async def answer(request: Request, credentials: Credentials) -> Response:
    """The list of a package's files, or a file."""
    if not _is_of_job(request, credentials):
        return _problem(401, "Only scripts of running processing jobs may use this index.")
    if match := _SIMPLE.fullmatch(request.path):
        name = canonicalize_name(match[1])
        files = await _in_thread(_files, name)
        if not files:
            return _problem(404, f"No index of this engine has the package {name}.")
        body = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
        return Response(200, {"content-type": _JSON_TYPE}, json.dumps(body).encode())
    match = _FILE.fullmatch(request.path)
    if match is None or not hmac.compare_digest(_signature(match[1]), match[2]):
        return _problem(404, "There is no such file in this index.")
    return await _file(base64.urlsafe_b64decode(match[1] + "==").decode())


async def _in_thread(function: Callable[..., _Result], *arguments: Any) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)


def _is_of_job(request: Request, credentials: Credentials) -> bool:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    key = credentials.find_job_key(name) if kind.lower() == "basic" else None
    return key is not None and hmac.compare_digest(key.secret_access_key.encode(), secret.encode())


def _files(name: str) -> list[dict[str, Any]]:
    """The package's files of all indexes and folders, in the form of the API. Called in a thread."""
    files = [*_in_folders(name)]
    for index in _indexes():
        files += _in_index(f"{index.rstrip('/')}/{name}/")
    return files


def _indexes() -> list[str]:
    """The addresses of the operator's indexes."""
    more = os.environ.get("UV_INDEX", "").split()
    default = os.environ.get("UV_DEFAULT_INDEX") or "https://pypi.org/simple"
    return [
        index.rpartition("=")[2] if "=" in index.partition("://")[0] else index for index in (*more, default)
    ]


def _in_folders(name: str) -> Iterator[dict[str, Any]]:
    for folder in map(Path, wheel_folders()):
        for path in sorted(folder.glob("*.whl")):
            if canonicalize_name(path.name.partition("-")[0]) == name:
                yield _described(path.name, path.resolve().as_uri(), {})


def _in_index(address: str) -> list[dict[str, Any]]:
    """The files that an index lists; empty if it does not have the package or cannot be reached."""
    try:
        with _open(address, {"Accept": _ACCEPT}) as reply:
            kind, base = reply.headers.get_content_type(), reply.geturl()
            body = reply.read(_LARGEST_LIST)
    except (OSError, HTTPException):
        return []
    if kind == _JSON_TYPE:
        listed = json.loads(body).get("files", [])
        addresses = [(urljoin(base, file["url"]), file) for file in listed]
        return [_described(file["filename"], url, file) for url, file in addresses if _is_web(url)]
    links = _Links()
    links.feed(body.decode(errors="replace"))
    targets = [(urljoin(base, link.pop("href")), link) for link in links.links]
    return [_of_link(address, link) for address, link in targets if _is_web(address)]


def _is_web(url: str) -> bool:
    """Whether an index may name this address: never a file of this machine."""
    return url.startswith(("https://", "http://"))


def _of_link(address: str, attributes: dict[str, str]) -> dict[str, Any]:
    url, fragment = urldefrag(address)
    kind, _, digest = fragment.partition("=")
    described = {name: attributes[f"data-{name}"] for name in _FORWARDED if f"data-{name}" in attributes}
    hashes = {kind: digest} if digest else {}
    return _described(unquote(urlsplit(url).path.rpartition("/")[2]), url, {**described, "hashes": hashes})


def _described(filename: str, url: str, described: dict[str, Any]) -> dict[str, Any]:
    """A file's entry, with an address of this index."""
    token = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    entry = {name: described[name] for name in _FORWARDED if described.get(name)}
    place = f"../../files/{token}.{_signature(token)}/{quote(filename)}"
    return {"filename": filename, "url": place, "hashes": described.get("hashes", {}), **entry}


def _signature(token: str) -> str:
    return hmac.new(_SECRET, token.encode(), hashlib.sha256).hexdigest()


async def _file(url: str) -> Response:
    try:
        reply = await _in_thread(_open, url, {})
    except (OSError, HTTPException) as error:
        return _problem(502, f"The file could not be fetched: {error}")
    length = reply.headers.get("content-length")
    if length is None:
        body = await _in_thread(_read_all, reply)
        return Response(200, {"content-type": "application/octet-stream"}, body)
    headers = {"content-type": "application/octet-stream", "content-length": length}
    return Response(200, headers, _chunks(reply))


def _open(url: str, headers: dict[str, str]) -> Any:
    """The answer to a GET request. Raises OSError, HTTPException."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - of the operator's index or folder
    return urllib.request.urlopen(request, timeout=_TIMEOUT)  # noqa: S310


def _read_all(reply: BinaryIO) -> bytes:
    with reply:
        return reply.read(_LARGEST_LIST)


async def _chunks(reply: BinaryIO) -> AsyncIterator[bytes]:
    with reply:
        while chunk := await _in_thread(reply.read, _CHUNK):
            yield chunk


def _problem(status: int, message: str) -> Response:
    headers = {"content-type": "text/plain"}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="packages of processing jobs"'
    return Response(status, headers, message.encode())


class _Links(HTMLParser):
    """The attributes of all links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a link."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes)
