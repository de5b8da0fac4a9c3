"""The file code/requirements.txt of a script: its lines, and which of them the engine installs.

Packages are installed as wheels, whose installation runs none of their code. What would run code, or bring files from
elsewhere than the engine's own package index and the script's folder, is refused.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from engine.errors import CannotRun

NAME = "requirements.txt"
_LARGEST = 1024 * 1024
_MOST_LINES = 1000
_LONGEST_LINE = 1000
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMENT = re.compile(r"(^|\s)#.*$")
_HASH = re.compile(r"\s--hash[=\s]\S+")
_INCLUDE = re.compile(r"(?:-r|--requirement)[=\s]*(?P<path>\S+)")
#: Options that ask for what the engine does anyway.
_NEEDLESS = ("--only-binary", "--prefer-binary", "--no-cache-dir", "--disable-pip-version-check")
_OF_INDEX = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host")


class BadRequirements(CannotRun):
    """The file cannot be installed. The message names the line or the package, and what to do."""

    blame = "AlgorithmError"


@dataclass(slots=True)
class Requirements:
    """What to install: `lines` for the installer, sentences about lines that are not taken as they are written.

    `digest` is a hash of the files' bytes.
    """

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    digest: str = ""


def read_requirements(folder: Path, present: Mapping[str, str]) -> Requirements | None:
    """Read the file of that folder, or None if it has none. Raises BadRequirements.

    `present` are the packages of the script's environment, by normalized name, with their versions. They stay as they
    are, since the versions decide the numbers: of their lines only extras are installed.
    """
    if not (folder / NAME).is_file():
        return None
    reader = _Reader(folder.resolve(), present)
    reader.read(folder / NAME)
    reader.requirements.digest = reader.hash.hexdigest()
    return reader.requirements


class _Reader:
    """Reads a file and those that it includes."""

    def __init__(self, folder: Path, present: Mapping[str, str]) -> None:
        self._folder = folder
        self._present = present
        self._files: set[Path] = set()
        self.hash = hashlib.sha256()
        self.requirements = Requirements()

    def read(self, path: Path) -> None:
        path = path.resolve()
        if not path.is_relative_to(self._folder):
            raise BadRequirements(
                f"code/{NAME} is a link to a file outside of the script's folder; put the file itself there."
            )
        if path in self._files:
            return
        self._files.add(path)
        if path.stat().st_size > _LARGEST:
            raise BadRequirements(f"code/{path.name} has more than {_LARGEST} bytes.")
        content = path.read_bytes()
        self.hash.update(hashlib.sha256(content).digest())
        for line in _lines(content):
            self._take(line, path.parent)
            if len(self.requirements.lines) > _MOST_LINES:
                raise BadRequirements(f"code/{NAME} has more than {_MOST_LINES} lines.")

    def _take(self, line: str, folder: Path) -> None:
        if "${" in line:
            # The installer would put the engine's own variables there, and quote them.
            raise _refusal(line, "Variables are not replaced; write the value.")
        if include := _INCLUDE.fullmatch(line):
            self.read(self._inside(line, folder, include["path"]))
        elif line.startswith("-"):
            self._take_option(line)
        elif len(line) > _LONGEST_LINE:
            raise _refusal(line[:40] + "…", f"A line may have {_LONGEST_LINE} characters.")
        elif "://" in line or "@" in line.partition(";")[0]:
            raise _refusal(
                line, "Only packages of the index are installed; put the wheel into code/ and name it."
            )
        elif (
            line.startswith((".", "/"))
            or re.match(r"\S+\.(whl|zip|tar\.gz)\b", line)
            or "/" in line.split(";")[0]
        ):
            self._take_file(line, folder)
        else:
            self._take_package(line)

    def _take_option(self, line: str) -> None:
        option = re.split(r"[=\s]", line)[0]
        if option in _OF_INDEX:
            raise _refusal(
                line, "The engine installs from the index of its own settings (UV_DEFAULT_INDEX, UV_INDEX)."
            )
        if option in ("-e", "--editable"):
            raise _refusal(line, "It would run the package's code; put a wheel into code/ and name it.")
        if option not in _NEEDLESS:
            raise _refusal(line, "This option is not supported; leave it out.")

    def _take_file(self, line: str, folder: Path) -> None:
        path = self._inside(line, folder, line.partition(";")[0].strip())
        if path.suffix != ".whl":
            raise _refusal(line, "Only wheels are installed, since others run their code meanwhile.")
        with path.open("rb") as file:
            self.hash.update(hashlib.file_digest(file, "sha256").digest())
        try:
            name = parse_wheel_filename(path.name)[0]
        except InvalidWheelFilename as error:
            # The name becomes a part of a line for the installer.
            raise _refusal(
                line, "This is not the name of a wheel; keep the name that it was built with."
            ) from error
        if name in self._present:
            self._note(line, name)
        else:
            self.requirements.lines.append(f"{name} @ {path.as_uri()}")

    def _take_package(self, line: str) -> None:
        if _HASH.search(line):
            line = _HASH.sub("", line)
            sentence = f"The hashes in code/{NAME} are not compared."
            if sentence not in self.requirements.notes:
                self.requirements.notes.append(sentence)
        try:
            package = Requirement(line)
        except InvalidRequirement as error:
            raise _refusal(
                line, "Write a package and its versions, such as name==1.2 or name>=1,<2."
            ) from error
        name = canonicalize_name(package.name)
        if name not in self._present:
            # Written anew, so that the installer reads what was checked here.
            self.requirements.lines.append(str(package))
            return
        if str(package.specifier) not in ("", f"=={self._present[name]}"):
            self._note(line, name)
        if package.extras:
            package.specifier = SpecifierSet()
            self.requirements.lines.append(str(package))

    def _note(self, line: str, name: str) -> None:
        package = f"{name} {self._present[name]}".strip()
        self.requirements.notes.append(
            f"{line} in code/{NAME} is passed over: the image's environment has {package}, which stays."
        )

    def _inside(self, line: str, folder: Path, name: str) -> Path:
        path = (folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            raise _refusal(line, "There is no such file in the script's folder.")
        return path


def _lines(content: bytes) -> Iterator[str]:
    """The lines with something in them, without comments, continued ones joined. Raises BadRequirements."""
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadRequirements(f"code/{NAME} is not UTF-8 ({error.reason}); save it as UTF-8.") from error
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if words := _COMMENT.sub("", line).strip():
            yield words


def _refusal(line: str, advice: str) -> BadRequirements:
    return BadRequirements(f"code/{NAME} has the line {line!r}, which the engine refuses. {advice}")
