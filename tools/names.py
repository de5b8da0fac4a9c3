"""Names that say nothing: pronouns and participles as names, and class names that stand for several classes.

Classes of the engine and of the dashboard may share a name, since neither side imports the other.

    python -m tools.names [FOLDER ...]

Prints each with its place; the exit status is 1 if there is any.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "assistants",
    "aws",
    "client/batchdeck",
    "deployments",
    "engine",
    "failures",
    "help",
    "hosting",
    "jobs",
    "launcher",
    "notifications",
    "results",
    "samples",
    "schedules",
    "teams",
    "tools",
    "transform",
    "tuning",
    "webapp",
    "bench",
    "tests",
)
#: A name says what it holds, with a noun: `matching_jobs`, not `found`; `log_line`, not `one`.
WORDS = frozenset(
    {
        *("one", "ones", "other", "others", "each", "these", "those", "them", "such", "both"),
        *("found", "wanted", "given", "seen", "asked", "known", "told", "said", "heard", "tried"),
        *("taken", "sought", "made", "kept", "meant", "shown", "left", "thing", "things", "something"),
    }
)
#: Packages that read one another's names; a class name stands for one class in each row.
_SIDES = (
    (
        "assistants",
        "aws",
        "deployments",
        "failures",
        "help",
        "hosting",
        "jobs",
        "notifications",
        "results",
        "schedules",
        "teams",
        "transform",
        "tuning",
        "webapp",
    ),
    ("engine", "hosting", "transform"),
    ("bench", "launcher", "tools"),
)
#: Class names that frameworks prescribe.
_PRESCRIBED = frozenset({"Meta", "Command", "Media"})


#: Made from the API's schema, whose names stay as they are.
_API_NAMES = ROOT / "client" / "batchdeck" / "types.py"


def python_files(folders: tuple[str, ...] = FOLDERS) -> Iterator[Path]:
    """The Python files of those folders, without migrations."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "node_modules" not in path.parts and path != _API_NAMES:
                yield path


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each name that the code binds, with its line: variables, parameters, functions and classes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name, node.lineno


def is_empty(name: str) -> bool:
    """Whether the name is a pronoun or a participle alone, such as `found`, `_one` or `Told`."""
    return name.strip("_").lower() in WORDS


def is_private(name: str) -> bool:
    """Whether a class name has meaning in its own file alone."""
    return name.startswith("_") or name in _PRESCRIBED


def main(arguments: list[str]) -> int:
    """Check the folders; returns the exit status."""
    messages: list[str] = []
    places_by_class: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in python_files(tuple(arguments) or FOLDERS):
        tree = ast.parse(path.read_text())
        place = path.relative_to(ROOT)
        messages += [
            f"{place}:{line}: {name} says nothing; use a noun"
            for name, line in bound_names(tree)
            if is_empty(name)
        ]
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not is_private(node.name):
                places_by_class[node.name].append((place.parts[0], f"{place}:{node.lineno}"))
    for name, class_places in sorted(places_by_class.items()):
        for side in _SIDES:
            places = [place for package, place in class_places if package in side]
            if len(places) > 1:
                messages.append(f"{places[0]}: {name} names several classes: {', '.join(places)}")
    print("\n".join(messages))
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
