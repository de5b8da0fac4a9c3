"""docs/settings.md has each environment variable that the code reads, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("webapp", "teams", "jobs", "transform", "launcher", "engine", "assistants", "client")
#: Programs that run as containers: their variables are SageMaker's contract, which docs/engine.md describes.
CONTAINERS = ROOT / "engine" / "runtimes"
#: What any program has, and Django's own way to find its settings.
NOT_OURS = {"PATH", "LANG", "LC_ALL", "TZ", "DJANGO_SETTINGS_MODULE"}

OURS = re.compile(r"(BATCHDECK|ENGINE)_[A-Z_]+")


def sources() -> Iterator[ast.Module]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if not file.is_relative_to(CONTAINERS) or file.parent == CONTAINERS:
                yield ast.parse(file.read_text(), str(file))


def environments(module: ast.Module) -> set[str]:
    """How this module writes the environment: os.environ, copies of it, parameters that default to it."""
    names = {"os.environ"}
    for node in ast.walk(module):
        if isinstance(node, ast.arguments):
            parameters = [*node.posonlyargs, *node.args][::-1]
            pairs = [
                *zip(parameters, node.defaults[::-1], strict=False),
                *zip(node.kwonlyargs, node.kw_defaults, strict=True),
            ]
            names |= {arg.arg for arg, default in pairs if default and ast.unparse(default) == "os.environ"}
        elif isinstance(node, ast.Assign) and ast.unparse(node.value) in {"dict(os.environ)", "os.environ"}:
            names |= {ast.unparse(target) for target in node.targets}
    return names


def asked_for(node: ast.AST, variables: set[str]) -> ast.expr | None:
    """What stands for the variable's name, if this node reads one."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=verb), args=[name, *_]):
            who = ast.unparse(owner)
            through_settings = who == "env" and "env" not in variables
            is_read = (
                through_settings or (who in variables and verb == "get") or (who, verb) == ("os", "getenv")
            )
            return name if is_read else None
        case ast.Subscript(value=owner, slice=name, ctx=ast.Load()):
            return name if ast.unparse(owner) in variables else None
        case ast.Compare(left=name, comparators=[owner]):
            return name if ast.unparse(owner) in variables else None
    return None


def names_read(module: ast.Module) -> Iterator[str]:
    """The variables that a module reads, whether through the environment or through webapp.env."""
    variables = environments(module)
    for node in ast.walk(module):
        name = asked_for(node, variables)
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value
        elif name is not None:
            yield from names_told(module)


def names_told(module: ast.Module) -> Iterator[str]:
    """The variables of ours that a module names at all: where a name is put together, those are the ones."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value):
            yield node.value


def test_every_variable_that_is_read_is_documented_and_every_documented_one_is_read() -> None:
    read = {name for module in sources() for name in names_read(module)}
    ours = {name for name in read if name not in NOT_OURS and not name.startswith("_")}
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = re.findall(r"^\| `([A-Z0-9_]+)`", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert ours == set(documented)


def test_the_way_variables_are_found_finds_all_ways_to_read_one() -> None:
    module = ast.parse(
        "def f(given: Mapping[str, str] = os.environ, *, more=os.environ): given.get('A'); more['B']\n"
        "copy = dict(os.environ)\n"
        "copy.get('C'), os.environ['D'], os.getenv('E'), 'F' in os.environ, env.flag('G')\n"
        "copy['H'] = 'written, not read'\n"
        "other.get('I')\n"
    )
    assert sorted(names_read(module)) == ["A", "B", "C", "D", "E", "F", "G"]
    computed = ast.parse("os.environ.get(variable)\nread('ENGINE_QUOTAS', 'no ENGINE_NAME')\n")
    assert list(names_read(computed)) == ["ENGINE_QUOTAS"]
