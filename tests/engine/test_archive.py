"""Unpacking model archives that nobody vouches for."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.limits import Limits
from engine.runtimes.archive import BadArchive, unpack


def member(name: str, body: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member; `fields` are TarInfo's."""
    info = tarfile.TarInfo(name)
    info.size = len(body)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, body


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


def archive(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=format) as tar:
        for info, body in members:
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def unpacked(data: bytes, directory: Path, limits: Limits | None = None, **options: int) -> dict[str, bytes]:
    unpack(io.BytesIO(data), directory / "model", limits or Limits(), **options)
    return {
        str(path.relative_to(directory / "model")): path.read_bytes()
        for path in (directory / "model").rglob("*")
        if path.is_file()
    }


def test_files_and_folders_come_out_as_they_went_in(tmp_path: Path) -> None:
    data = archive(
        member("./", type=tarfile.DIRTYPE),
        member("model", b"\x00" * 3_000_000),
        member("code", type=tarfile.DIRTYPE),
        member("code/inference.py", b"x = 1\n"),
        member("deep/without/folders", b"1"),
        member("deep/" + "long" * 60, b"2"),
    )
    assert unpacked(data, tmp_path) == {
        "model": b"\x00" * 3_000_000,
        "code/inference.py": b"x = 1\n",
        "deep/without/folders": b"1",
        "deep/" + "long" * 60: b"2",
    }


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    data = archive(
        member("versions/1/model", b"one"),
        link("latest", "versions/1"),
        link("versions/1/back", "../../versions"),
        link("same", "versions/1/model", tarfile.LNKTYPE),
    )
    files = unpacked(data, tmp_path)
    assert files["same"] == b"one"
    assert (tmp_path / "model/latest/model").read_bytes() == b"one"


def test_only_the_right_to_be_run_is_kept_of_a_mode(tmp_path: Path) -> None:
    unpacked(archive(member("tool", b"", mode=0o6777), member("data", b"", mode=0o000)), tmp_path)
    assert (tmp_path / "model/tool").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "model/data").stat().st_mode & 0o7777 == 0o644


def test_a_later_member_of_the_same_name_wins(tmp_path: Path) -> None:
    assert unpacked(archive(member("m", b"old"), member("m", b"new")), tmp_path) == {"m": b"new"}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([member("../escaped", b"x")], id="a name that climbs"),
        pytest.param([member("a/../../escaped", b"x")], id="a name that climbs later"),
        pytest.param([member("/{outside}/escaped", b"x")], id="an absolute name"),
        pytest.param([link("out", "/{outside}")], id="an absolute link"),
        pytest.param([link("out", "..")], id="a link that climbs"),
        pytest.param([link("a/out", "../..")], id="a link that climbs from a folder"),
        pytest.param([link("out", "../escaped", tarfile.LNKTYPE)], id="a hard link that climbs"),
        pytest.param(
            [
                link("x", "."),
                member("y", type=tarfile.DIRTYPE),
                link("up", "x/y/../.."),
                member("up/escaped", b"x"),
            ],
            id="a link through a link",
        ),
        pytest.param(
            [
                link("up", "x/y/../.."),
                member("y", type=tarfile.DIRTYPE),
                link("x", "."),
                member("up/escaped", b"x"),
            ],
            id="a link that leads out once another is there",
        ),
        pytest.param(
            [
                member("x/s/s", type=tarfile.DIRTYPE),
                link("s", "x"),
                link("code/requirements.txt", "../s/s/s/../../../secret"),
                link("s", "."),
            ],
            id="a link that leads out once another is replaced",
        ),
        pytest.param(
            [
                member("x/s/s", type=tarfile.DIRTYPE),
                link("s", "x"),
                link("out", "s/s/s/../../../secret"),
                link("again", "out", tarfile.LNKTYPE),
                member("out", b"x"),
                link("s", "."),
            ],
            id="another name of a link that leads out once another is replaced",
        ),
        pytest.param([member("pipe", type=tarfile.FIFOTYPE)], id="a pipe"),
        pytest.param([member("disk", type=tarfile.BLKTYPE, devmajor=8)], id="a device"),
        pytest.param([member("", b"x")], id="a file without a name"),
    ],
)
def test_what_would_leave_the_folder_is_refused(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    for info, _ in members:
        info.name = info.name.replace("{outside}", str(tmp_path).lstrip("/"))
        info.linkname = info.linkname.replace("{outside}", str(tmp_path).lstrip("/"))
    with pytest.raises(BadArchive, match="The model archive is refused"):
        unpacked(archive(*members), tmp_path)
    assert not [*tmp_path.glob("escaped")]
    assert not [*tmp_path.parent.glob("escaped")]


def damage(data: bytes, where: int) -> bytes:
    return data[:where] + bytes([data[where] ^ 0xFF]) + data[where + 1 :]


GOOD = archive(member("model", bytes(range(256)) * 400))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"PK\x03\x04 this is a zip", id="a zip"),
        pytest.param(lambda data: gzip.decompress(data), id="a tar that is not compressed"),
        pytest.param(lambda data: gzip.compress(b"some text that is no tar at all"), id="no tar"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut in half"),
        pytest.param(lambda data: data[:-8], id="without its checksum"),
        pytest.param(lambda data: damage(data, -8), id="with a wrong checksum"),
        pytest.param(lambda data: damage(data, len(data) // 2), id="damaged"),
        pytest.param(lambda data: gzip.compress(gzip.decompress(data)[:5000]), id="a tar cut short"),
    ],
)
def test_a_damaged_archive_is_refused_with_advice(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadArchive, match=r"must be a complete \.tar\.gz; make it anew"):
        unpacked(spoil(GOOD), tmp_path)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    data = archive(member("zeros", bytes(10_000_000)))
    assert len(data) < 20_000
    with pytest.raises(BadArchive, match=r"more than 1048576 bytes \(ENGINE_LIMITS, unpacked_mb\)"):
        unpacked(data, tmp_path, Limits(unpacked_mb=1))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1024**2


def test_a_bomb_behind_the_end_of_the_tar_is_refused(tmp_path: Path) -> None:
    data = GOOD + gzip.compress(bytes(10_000_000))
    with pytest.raises(BadArchive, match=r"more than 1048576 bytes \(ENGINE_LIMITS, unpacked_mb\)"):
        unpacked(data, tmp_path, Limits(unpacked_mb=1))


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="more than 10 members"):
        unpacked(archive(*(member(f"m{n}") for n in range(11))), tmp_path, max_members=10)


def test_a_header_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    header.size = 1024**3
    compressor = zlib.compressobj(wbits=31)
    zeros = bytes(1024 * 1024)
    data = compressor.compress(header.tobuf()) + b"".join(compressor.compress(zeros) for _ in range(64))
    with pytest.raises(BadArchive, match="header has more than"):
        unpacked(data + compressor.flush(), tmp_path)


def test_a_member_that_claims_far_more_than_there_is_ends_the_unpacking(tmp_path: Path) -> None:
    # A sparse file whose bytes nobody reads: tarfile would look for the next member a petabyte further on.
    header = bytearray(member("model", type=tarfile.GNUTYPE_SPARSE)[0].tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\x80" + (1 << 50).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(BadArchive, match="claims more bytes than there are"):
        unpacked(gzip.compress(bytes(header) + bytes(1024)), tmp_path)


def test_what_the_file_system_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    data = archive(member("a", b"x"), member("a/b", b"x"))
    with pytest.raises(BadArchive, match="cannot be unpacked on this machine"):
        unpacked(data, tmp_path)


def test_a_member_that_lies_too_deep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="lies more than 100 folders deep"):
        unpacked(archive(member("d/" * 101 + "f", b"x")), tmp_path)
    assert unpacked(archive(member("d/" * 100 + "f", b"x")), tmp_path / "other")
