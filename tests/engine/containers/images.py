"""Images for tests, made without a registry: this machine's Python and a program `serve`."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import docker

_MODEL_SERVER = Path(__file__).with_name("serve.py")
#: Parts of the standard library that no model server needs.
_LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "__pycache__"}


def import_image(client: docker.APIClient, name: str) -> None:
    """Import an image of that name, such as "ranker:1", that runs serve.py as `serve`."""
    changes = ["ENV PATH=/usr/local/bin", 'LABEL tests="batchdeck"']
    repository, _, tag = name.rpartition(":")
    client.import_image_from_data(_python_image(), repository=repository, tag=tag, changes=changes)


def import_small_image(client: docker.APIClient, name: str) -> None:
    """Import an image of that name that has a single file, and no program."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add_program(tar, "readme", "nothing runs here")
    repository, _, tag = name.rpartition(":")
    client.import_image_from_data(out.getvalue(), repository=repository, tag=tag)


def _python_image() -> bytes:
    """A tar of an image's files: the interpreter at its own path, its libraries, and `serve`."""
    binary = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_path("stdlib"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("tmp", "var/tmp"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(info)
        tar.add(binary)
        tar.add(library, filter=_without_unneeded)
        for path in _shared_libraries(binary, *library.glob("lib-dynload/*.so")):
            tar.add(os.path.realpath(path), arcname=str(path))
        _add_program(tar, "usr/local/bin/serve", f"#!{binary}\n{_MODEL_SERVER.read_text()}")
        _add_program(tar, "etc/passwd", "root:x:0:0::/root:/serve\nmodel:x:1000:1000::/tmp:/serve\n")
    return out.getvalue()


def _without_unneeded(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(info.name).name
    return None if name in _LEFT_OUT or name.startswith("config-") else info


def _shared_libraries(*binaries: Path) -> set[str]:
    """The paths of the libraries that the dynamic loader gives to programs."""
    listing = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(/[^\s:()]+)(?= \(0x)", listing))


def _add_program(tar: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text.encode()), 0o755
    tar.addfile(info, io.BytesIO(text.encode()))
