"""Which library saved a model file, and with which version, read from its bytes. Nothing is unpickled."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Version = tuple[int, ...]

XGBOOST, SCIKIT_LEARN = "XGBoost", "scikit-learn"
#: How files of other libraries begin.
_BEGINNINGS = (
    (b"tree\nversion=", "LightGBM"),
    (b"CBM1", "CatBoost"),
    (b"\x89HDF\r\n", "Keras"),
)
#: The version in a model that XGBoost saved, alone or inside a pickle: as JSON, as UBJSON (a byte a number), and in the
#: old binary form, whose parameters begin with base_score, num_feature, num_class and two flags.
_XGBOOST_JSON = re.compile(rb'"version"\s*:\s*\[\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\]')
_XGBOOST_UBJSON = re.compile(rb"\x00\x07version\[(?:\$i)?#L\x00{7}\x03i?(.)i?(.)i?(.)", re.DOTALL)
_XGBOOST_BINARY = re.compile(rb"\Abinf.{20}(.{4})(.{4})", re.DOTALL)
#: The version that scikit-learn puts beside what an estimator holds: a text behind a text, in all pickle protocols,
#: each with an opcode and a length in front and perhaps an opcode that remembers it behind.
_SCIKIT_LEARN = re.compile(
    rb"_sklearn_version(?:\x94|q.|r.{4}|\np\d+\n)?(?:\x8c.|X.{4}|T.{4}|U.|V)(\d{1,3}(?:\.\d{1,4}){1,3})",
    re.DOTALL,
)
#: Bytes of a file that are looked at together, and bytes that a version may be spread over.
_WINDOW, _OVERLAP = 1024 * 1024, 256
#: Bytes that are unpacked of a compressed file.
MOST_UNPACKED = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedModel:
    """The library that saved a model; `version` is empty where the file does not tell it."""

    library: str
    version: Version = ()

    @classmethod
    def read(cls, text: str) -> SavedModel:
        """The library and version that a text such as "XGBoost 2.1.4" names."""
        library, _, version = text.rpartition(" ")
        return cls(library, tuple(int(number) for number in version.split(".") if number.isdigit()))

    def is_newer_than(self, version: Version) -> bool:
        """Whether a later minor version than that saved it."""
        return bool(self.version) and bool(version) and self.version[:2] > version[:2]

    def __str__(self) -> str:
        return " ".join([self.library, *([".".join(map(str, self.version))] if self.version else [])])


def find_saved_models(pieces: Iterable[bytes]) -> dict[str, SavedModel]:
    """What saved the model file with these bytes, by library; empty where they do not tell.

    Of several versions of a library the newest counts. A file that joblib compressed with zlib or gzip is unpacked, up
    to MOST_UNPACKED bytes.
    """
    saved_models: dict[str, SavedModel] = {}
    for number, window in enumerate(_windows(_unpacked(pieces))):
        for saved in _saved_in(window, at_start=number == 0):
            if saved.library not in saved_models or saved.version > saved_models[saved.library].version:
                saved_models[saved.library] = saved
    return saved_models


def why_unfit_file(file: str, saved_models: Mapping[str, SavedModel], server: SavedModel, image: str) -> str:
    """Why the library that serves an image is not right for a file, by what saved it, as a sentence; else empty."""
    saved = saved_models.get(server.library)
    if saved is None and saved_models:
        return (
            f"{file} was saved by {' and '.join(map(str, saved_models.values()))}, but image {image} serves models of "
            f"{server.library}. Use an image with that library."
        )
    if saved is None or not saved.is_newer_than(server.version):
        return ""
    return (
        f"{file} was saved by {saved}, which is newer than {server}, the library that serves image {image}: its "
        f"predictions could be wrong. Use an image with a library as new, or save the model with {server} or earlier."
    )


def read_version(text: str) -> Version:
    """The numbers of a version or of an image's tag (1.2-1): major and minor; empty if it begins with none."""
    match = re.match(r"(\d{1,3})\.(\d{1,3})", text)
    return (int(match[1]), int(match[2])) if match else ()


def _saved_in(window: bytes, *, at_start: bool) -> Iterator[SavedModel]:
    if at_start:
        yield from (SavedModel(library) for start, library in _BEGINNINGS if window.startswith(start))
        if match := _XGBOOST_BINARY.match(window):
            yield SavedModel(XGBOOST, (*(int.from_bytes(part, "little") for part in match.groups()), 0))
    for match in _SCIKIT_LEARN.finditer(window):
        yield SavedModel(SCIKIT_LEARN, tuple(map(int, match[1].split(b"."))))
    if match := _XGBOOST_JSON.search(window):
        yield SavedModel(XGBOOST, tuple(map(int, match.groups())))
    if match := _XGBOOST_UBJSON.search(window):
        yield SavedModel(XGBOOST, tuple(part[0] for part in match.groups()))


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in windows that overlap, so that none cuts a version in two."""
    window = b""
    for piece in pieces:
        window += piece
        if len(window) >= _WINDOW:
            yield window
            window = window[-_OVERLAP:]
    if window:
        yield window


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes, unpacked if they are compressed; what is damaged ends there."""
    iterator = iter(pieces)
    first = next(iterator, b"")
    if not first.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")):
        yield first
        yield from iterator
        return
    unpacker, budget = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32), MOST_UNPACKED
    piece: bytes | None = first
    while piece is not None and budget > 0 and not unpacker.eof:
        waiting = piece
        while waiting and budget > 0:
            try:
                data = unpacker.decompress(waiting, min(_WINDOW, budget))
            except zlib.error:
                return
            waiting, budget = unpacker.unconsumed_tail, budget - len(data)
            yield data
        piece = next(iterator, None)
