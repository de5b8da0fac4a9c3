"""Team keys: `python -m engine.keys growth --s3 s3://growth/ --names 'growth-*'`. The engine may be running.

Each key is a file with its scope, in the folder `keys` beside the engine's credentials.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from hosting.access_keys import new_key, write_private
from hosting.private_files import keep_files_private
from transform.scope import Scope

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def main(arguments: Sequence[str]) -> int:
    """Create, change or remove a key; returns the exit status. A changed key keeps its id and secret."""
    options = _parser().parse_args(arguments)
    file = options.data_dir / "keys" / f"{options.name}.json"
    if options.remove:
        if not file.exists():
            return _fail(f"there is no key {options.name} in {file.parent}")
        file.unlink()
        sys.stdout.write(f"The key {options.name} is gone; what is signed with it is refused.\n")
        return 0
    try:
        scope = Scope.parse(options.s3, options.names)
    except ValueError as error:
        return _fail(str(error))
    if not scope.places or not scope.names:
        return _fail(
            "give --s3 and --names: what the key may use in S3, and the names of its models and jobs"
        )
    file.parent.mkdir(mode=0o700, exist_ok=True)
    old = json.loads(file.read_text()) if file.exists() else new_key()
    pair = {name: old[name] for name in ("access_key_id", "secret_access_key")}
    write_private(file, {**pair, "s3": scope.uris, "names": list(scope.names)})
    sys.stdout.write(
        f"{file}\n  may use {', '.join(scope.uris)}, and models and jobs named {', '.join(scope.names)}\n"
    )
    for name, shared in _shared(file, scope):
        sys.stdout.write(f"  The key {name} may use a part of it too: {', '.join(shared)}\n")
    return 0


def _shared(file: Path, scope: Scope) -> Iterator[tuple[str, list[str]]]:
    """The other keys that may use a part of the scope: the name of each, and what is shared."""
    for other_file in sorted(file.parent.glob("*.json")):
        try:
            saved = json.loads(other_file.read_text())
            shared = scope.shared_with(Scope.parse(saved["s3"], saved["names"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if other_file != file and shared:
            yield other_file.stem, shared


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.keys", description=__doc__)
    parser.add_argument("name", type=_name, help="of the key, such as the team's slug")
    parser.add_argument("--data-dir", type=_folder, default=Path("var/engine"), help="the engine's folder")
    parser.add_argument("--s3", action="append", default=[], metavar="s3://BUCKET/FOLDER/")
    parser.add_argument(
        "--names", action="append", default=[], metavar="NAME*", help="of models and jobs; * at the end"
    )
    parser.add_argument("--remove", action="store_true", help="take the key away")
    return parser


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be lowercase letters, digits and hyphens")
    return text


def _folder(text: str) -> Path:
    folder = Path(text)
    if not (folder / "credentials.json").exists():
        raise argparse.ArgumentTypeError(f"{folder} is not an engine's folder: it has no credentials.json")
    return folder


def _fail(sentence: str) -> int:
    sys.stderr.write(f"engine.keys: {sentence}\n")
    return 2


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main(sys.argv[1:]))
