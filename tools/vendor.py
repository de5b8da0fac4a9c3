# /// script
# requires-python = ">=3.11"
# dependencies = ["fonttools[woff]==4.68.0"]
# ///
"""Fills static/vendor and static/icons.svg from the npm registry; for maintainers: `uv run tools/vendor.py`, needs npm.

`vendor.json` beside this file lists the packages. Each package is fetched with `npm pack`, its integrity is
checked against the registry's, the named files are copied, and `static/vendor/vendor.json` notes what is there
with a SHA-384 of each file. Style sheets and fonts are cut down to what pages use of them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import purge
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "static" / "vendor"
SPRITE = VENDOR.parent / "icons.svg"
#: The weights that style sheets name, 700 as what is bolder than 400, and what lays out running text and figures.
WEIGHTS = (400, 700)
FEATURES = ["kern", "calt", "tnum", "ccmp", "locl", "mark", "mkmk"]
_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="1.75" '
    'stroke-linecap="round" stroke-linejoin="round">\n'
)


def fetch(package: str, version: str, into: Path) -> tuple[tarfile.TarFile, str]:
    """The package's archive and its integrity. Raises SystemExit if the bytes do not match it."""
    package_version = f"{package}@{version}"
    view = ["npm", "view", "--json", package_version, "dist.integrity"]
    integrity = json.loads(subprocess.run(view, check=True, capture_output=True, text=True).stdout)
    pack = ["npm", "pack", "--silent", "--pack-destination", str(into), package_version]
    name = subprocess.run(pack, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    body = (into / name).read_bytes()
    digest = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    if digest != integrity:
        raise SystemExit(f"{package_version}: the archive is not what the registry says it is")
    return tarfile.open(into / name), integrity


def read(archive: tarfile.TarFile, path: str) -> bytes:
    """One file of the package."""
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"there is no {path} in {archive.name!r}")
    return member.read()


def write_sprite(archive: tarfile.TarFile, icons: list[str]) -> None:
    """All icons as symbols of one file, for `<use href="icons.svg#name">`."""
    symbols = []
    for name in sorted(icons):
        style, _, plain = name.rpartition("/")
        svg = read(archive, f"icons/{style or 'outline'}/{plain}.svg").decode()
        paths = "".join(re.findall(r"<path[^>]*/>", svg))
        fill = ' fill="currentColor" stroke="none"' if style == "filled" else ""
        symbols.append(f'<symbol id="{name.replace("/", "-")}" viewBox="0 0 24 24"{fill}>{paths}</symbol>')
    SPRITE.write_text(_OPEN + "\n".join(symbols) + "\n</svg>\n")


def without_unused(css: str, target: str) -> str:
    """The sheet without unused rules; the names of all its classes are written beside this file, for a test."""
    notice = re.search(r"/\*!.*?\*/", css, re.DOTALL)
    names = sorted(purge.classes(css))
    (HERE / f"{target}.classes").write_text("\n".join(names) + "\n", encoding="utf-8")
    return f"{notice[0] if notice else ''}\n{purge.purge(css, purge.words())}\n"


def without_unused_shapes(font: bytes, unused: set[str]) -> bytes:
    """The variable font with all its characters, without weights and alternative shapes that no page shows.

    `unused` are OpenType features of this font, such as `calt`, that no page shows.
    """
    cut = _read_again(
        instancer.instantiateVariableFont(TTFont(io.BytesIO(font), recalcTimestamp=False), {"wght": WEIGHTS})
    )
    options = subset.Options(
        layout_features=[name for name in FEATURES if name not in unused], flavor="woff2"
    )
    maker = subset.Subsetter(options)
    maker.populate(unicodes=cut.getBestCmap())
    maker.subset(cut)
    out = io.BytesIO()
    subset.save_font(cut, out, options)
    return out.getvalue()


def _read_again(font: TTFont) -> TTFont:
    """The font, written and read again: the subsetter does not know tables that the instancer left unread."""
    written = io.BytesIO()
    font.flavor = None
    font.save(written)
    written.seek(0)
    return TTFont(written, recalcTimestamp=False)


def vendor(package: dict[str, Any], into: Path) -> dict[str, Any]:
    """Copy one package's files; returns its entry for vendor.json."""
    archive, integrity = fetch(package["name"], package["version"], into)
    files = {}
    with archive:
        for path, target in package.get("files", {}).items():
            # A source map would be one more file to serve; without its comment nobody asks for it.
            body = re.sub(rb"\n?/\*# sourceMappingURL=[^*]*\*/", b"", read(archive, path))
            if target in package.get("purge", []):
                body = without_unused(body.decode(), target).encode()
            if target.endswith(".woff2"):
                body = without_unused_shapes(body, set(package.get("unused_features", [])))
            (VENDOR / target).write_bytes(body)
            files[target] = "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
        if icons := package.get("icons"):
            write_sprite(archive, icons)
            digest = hashlib.sha384(SPRITE.read_bytes()).digest()
            files["../icons.svg"] = "sha384-" + base64.b64encode(digest).decode()
    return {
        "name": package["name"],
        "version": package["version"],
        "integrity": integrity,
        "licence": package["licence"],
        "files": files,
    }


def main() -> None:
    """Fetch all packages again."""
    packages = json.loads((HERE / "vendor.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        entries = [vendor(package, Path(folder)) for package in packages]
    (VENDOR / "vendor.json").write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
