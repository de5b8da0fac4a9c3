"""Where the packages of scripts come from: the indexes of the operator's settings, and folders of wheels.

An index is trusted with what it lists, but not with this machine: it may name no files of it, and the password in an
index's address goes to that index alone.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from engine.runtimes.environments import wheel_folders

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{JSON_TYPE}, text/html;q=0.1"
_TIMEOUT = 60
#: Maximum bytes of an index's answer about one package.
_LARGEST_LIST = 32 * 1024 * 1024
_FORWARDED = ("requires-python", "yanked")
#: Begins the place of a file in a folder of wheels: the folder's number, a slash and the name follow.
_IN_FOLDER = "folder:"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package. `place` is where `open_file` finds it; `details` are members of its entry in a list."""

    name: str
    place: str
    hashes: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file to read, with its size in bytes if that is known."""

    body: BinaryIO
    size: int | None


def find_files(name: str) -> list[PackageFile]:
    """The files of a package with this normalized name. An index that does not answer has none. Called in a thread."""
    files = [*_in_folders(name)]
    for index in _indexes():
        try:
            files += _in_index(f"{index.rstrip('/')}/{name}/")
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            # It cannot be reached, lacks the package, or its answer is none of the simple repository API.
            continue
    return files


def open_file(place: str) -> OpenFile:
    """Open the file of a place that `find_files` has given. Raises OSError, HTTPException. Called in a thread."""
    if place.startswith(_IN_FOLDER):
        number, _, name = place.removeprefix(_IN_FOLDER).partition("/")
        path = _folders()[int(number)] / name
        return OpenFile(path.open("rb"), path.stat().st_size)
    reply = _open(place, {})
    length = reply.headers.get("content-length", "")
    return OpenFile(reply, int(length) if length.isascii() and length.isdigit() else None)


def _folders() -> list[Path]:
    return [Path(folder) for folder in wheel_folders()]


def _in_folders(name: str) -> Iterator[PackageFile]:
    for number, folder in enumerate(_folders()):
        for path in sorted(folder.glob("*.whl")):
            if canonicalize_name(path.name.partition("-")[0]) == name:
                yield PackageFile(path.name, f"{_IN_FOLDER}{number}/{path.name}")


def _indexes() -> list[str]:
    """The addresses of the operator's indexes, as they are in the settings."""
    more = os.environ.get("UV_INDEX", "").split()
    default = os.environ.get("UV_DEFAULT_INDEX") or "https://pypi.org/simple"
    return [
        index.rpartition("=")[2] if "=" in index.partition("://")[0] else index for index in (*more, default)
    ]


def _in_index(address: str) -> list[PackageFile]:
    """The files that an index lists. Raises what `_open` raises, and errors of a wrong answer."""
    with _open(address, {"Accept": _ACCEPT}) as reply:
        kind, base = reply.headers.get_content_type(), reply.geturl()
        body = reply.read(_LARGEST_LIST)
    if kind == JSON_TYPE:
        listed = json.loads(body)["files"]
        files = [_described(str(file["filename"]), urljoin(base, file["url"]), file) for file in listed]
    else:
        links = _Links()
        links.feed(body.decode(errors="replace"))
        files = [_of_link(urljoin(base, link.pop("href")), link) for link in links.links]
    return [file for file in files if file.place.startswith(("https://", "http://"))]


def _of_link(address: str, attributes: dict[str, str]) -> PackageFile:
    url, fragment = urldefrag(address)
    kind, _, digest = fragment.partition("=")
    described = {name: attributes[f"data-{name}"] for name in _FORWARDED if f"data-{name}" in attributes}
    hashes = {kind: digest} if digest else {}
    return _described(unquote(urlsplit(url).path.rpartition("/")[2]), url, {**described, "hashes": hashes})


def _described(filename: str, url: str, described: Mapping[str, Any]) -> PackageFile:
    details = {name: described[name] for name in _FORWARDED if described.get(name)}
    return PackageFile(filename, url, described.get("hashes", {}), details)


def _open(url: str, headers: dict[str, str]) -> Any:
    """The answer to a GET request. Raises OSError, HTTPException, ValueError for an address that is none."""
    request = urllib.request.Request(_without_password(url), headers=headers)  # noqa: S310 - `_OPENER` has http alone
    if password := _passwords().get(_origin(url)):
        # Not sent again where a redirect leads.
        request.add_unredirected_header("Authorization", password)
    return _OPENER.open(request, timeout=_TIMEOUT)


def _passwords() -> dict[tuple[str, str | None, int | None], str]:
    """By origin: the Authorization header of the indexes whose addresses have a user name."""
    passwords = {}
    for parts in map(urlsplit, _indexes()):
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            passwords[_origin(parts.geturl())] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return passwords


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects that stay encrypted."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request of the new address; HTTPError for one that is not allowed."""
        if newurl.startswith("https://") or (newurl.startswith("http://") and req.type == "http"):
            return super().redirect_request(req, fp, code, msg, headers, newurl)
        raise HTTPError(req.full_url, code, f"The redirect leads to {newurl[:200]}.", headers, fp)


def _http_opener() -> urllib.request.OpenerDirector:
    """An opener for http and https alone: urllib's own also opens files of this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER = _http_opener()


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
