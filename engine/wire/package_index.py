"""A package index for the scripts of processing jobs, whose network ends at the engine: pip asks here.

It passes on the index of the operator's settings (UV_DEFAULT_INDEX, UV_INDEX, else PyPI) and the folders of wheels of
this machine (UV_FIND_LINKS, PIP_FIND_LINKS), by the simple repository API
(https://packaging.python.org/specifications/simple-repository-api/). Only keys of running jobs may use it. What can be
asked of an index is the name of a package, and a file that its answer named.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import quote

from packaging.utils import canonicalize_name

from engine.credentials import Credentials
from engine.runtimes.processing import PACKAGES
from engine.wire.package_sources import JSON_TYPE, OpenFile, PackageFile, find_files, open_file
from engine.wire.request import Request
from engine.wire.response import Response

_SIMPLE = re.compile(rf"{PACKAGES}simple/([A-Za-z0-9._-]{{1,100}})/?")
_FILE = re.compile(rf"{PACKAGES}files/([A-Za-z0-9_-]+)\.([0-9a-f]{{64}})/[^/]+")
_CHUNK = 256 * 1024
#: Signs the places of files, so that no others can be asked for.
_SECRET = secrets.token_bytes(32)
#: Requests of one job at a time, until their answers are read: they hold memory and threads that others need too.
_MOST_OF_A_JOB = 8
#: Threads of its own: an index that does not answer must not hold up the rest of the engine.
_THREADS = ThreadPoolExecutor(max_workers=2 * _MOST_OF_A_JOB, thread_name_prefix="packages")
_under_way: Counter[str] = Counter()
_Result = TypeVar("_Result")


async def answer(request: Request, credentials: Credentials) -> Response:
    """The list of a package's files, or a file."""
    key_id = _job_key(request, credentials)
    if key_id is None:
        return _problem(401, "Only scripts of running processing jobs may use this index.")
    if _under_way[key_id] >= _MOST_OF_A_JOB:
        return _problem(
            503, f"This job has {_MOST_OF_A_JOB} requests under way; ask again when one has ended."
        )
    _under_way[key_id] += 1
    response = None
    try:
        response = await _answer(request)
    finally:
        if response is None or isinstance(response.body, bytes):
            _end(key_id)
    if isinstance(response.body, bytes):
        return response
    return Response(response.status, response.headers, _counted(key_id, response.body))


async def _answer(request: Request) -> Response:
    if match := _SIMPLE.fullmatch(request.path):
        name = canonicalize_name(match[1])
        files = await _in_thread(find_files, name)
        if not files:
            return _problem(404, f"No index of this engine has the package {name}.")
        listed = {"meta": {"api-version": "1.0"}, "name": name, "files": [_entry(file) for file in files]}
        body = json.dumps(listed).encode()
        return Response(200, {"content-type": JSON_TYPE, "content-length": str(len(body))}, _pieces(body))
    match = _FILE.fullmatch(request.path)
    if match is None or not hmac.compare_digest(_signature(match[1]), match[2]):
        return _problem(404, "There is no such file in this index.")
    return await _file(base64.urlsafe_b64decode(match[1] + "==").decode())


async def _counted(key_id: str, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body, whose request is under way until its end."""
    try:
        async for chunk in body:
            yield chunk
    finally:
        _end(key_id)


def _end(key_id: str) -> None:
    _under_way[key_id] -= 1
    if not _under_way[key_id]:
        del _under_way[key_id]


async def _in_thread(function: Callable[..., _Result], *arguments: Any) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, function, *arguments)


def _job_key(request: Request, credentials: Credentials) -> str | None:
    """The id of the running job's key that the request has as user name and password; None without one."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None
    key = credentials.find_job_key(name) if kind.lower() == "basic" else None
    if key is None or not hmac.compare_digest(key.secret_access_key.encode(), secret.encode()):
        return None
    return name


def _entry(file: PackageFile) -> dict[str, Any]:
    """A file's entry, with an address of this index."""
    token = base64.urlsafe_b64encode(file.place.encode()).decode().rstrip("=")
    url = f"../../files/{token}.{_signature(token)}/{quote(file.name, safe='')}"
    return {"filename": file.name, "url": url, "hashes": file.hashes, **file.details}


def _signature(token: str) -> str:
    return hmac.new(_SECRET, token.encode(), hashlib.sha256).hexdigest()


async def _file(place: str) -> Response:
    try:
        file = await _in_thread(open_file, place)
    except (OSError, HTTPException, ValueError) as error:
        return _problem(502, f"The file could not be fetched: {error}")
    size = {} if file.size is None else {"content-length": str(file.size)}
    return Response(200, {"content-type": "application/octet-stream", **size}, _chunks(file))


async def _chunks(file: OpenFile) -> AsyncIterator[bytes]:
    with file.body:
        while chunk := await _in_thread(file.body.read, _CHUNK):
            yield chunk


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body that is sent as fast as it is read, so that it counts as under way until then."""
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


def _problem(status: int, message: str) -> Response:
    headers = {"content-type": "text/plain"}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="packages of processing jobs"'
    return Response(status, headers, message.encode())
