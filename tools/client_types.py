"""The client's types of answers and its table of the fields of a job, made from the API's schema and from our tables.

    python -m tools.client_types [--check]

Writes types.py and job_fields.py in client/batchdeck; with --check, says whether they would be written as they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

import django

from jobs.options import OPTIONS
from transform.field_facts import FieldFacts, Kind
from transform.request_fields import FIELDS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "client" / "batchdeck"
#: The answers that the client names; those inside them come with them.
ANSWERS = (
    "ActAnswer",
    "ApiTokenAnswer",
    "AppliedAnswer",
    "BrowseAnswer",
    "CauseAnswer",
    "CompareAnswer",
    "ConnectionAnswer",
    "DeploymentAnswer",
    "ExportAnswer",
    "FilesAnswer",
    "JobAnswer",
    "JobDetailAnswer",
    "LogsAnswer",
    "MeAnswer",
    "ModelAnswer",
    "ModelDetailAnswer",
    "NewTokenAnswer",
    "OutputsAnswer",
    "PackageVersionAnswer",
    "PackageVersionSummary",
    "PreflightAnswer",
    "PresetAnswer",
    "PromotionAnswer",
    "RecordsAnswer",
    "SearchAnswer",
    "SearchPlanAnswer",
    "StageRunAnswer",
)
_NOTE = "Made by `python -m tools.client_types`; do not edit."
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_REFERENCE = "#/components/schemas/"


def types_module(schemas: Mapping[str, Any]) -> str:
    """The module with a TypedDict for each answer, and for each object inside one."""
    bodies = [_class(name, schemas) for name in sorted(_with_inner(schemas))]
    head = f'"""The answers of the API as they are sent. {_NOTE}"""\n\nfrom __future__ import annotations\n\n'
    return head + "from typing import Any, Literal, TypeAlias, TypedDict\n\n" + "".join(bodies)


def _with_inner(schemas: Mapping[str, Any]) -> set[str]:
    waiting, names = list(ANSWERS), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting.extend(_references(schemas[name]))
    return names


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"].removeprefix(_REFERENCE)
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _class(name: str, schemas: Mapping[str, Any]) -> str:
    schema = schemas[name]
    if "properties" not in schema:
        return f"\n{name}: TypeAlias = {_type(schema)}\n"
    types = {field: _type(inner) for field, inner in schema["properties"].items()}
    if any(map(iskeyword, types)):
        # A class cannot have such a field.
        rows = "".join(f"    {field!r}: {kind!r},\n" for field, kind in types.items())
        return f"\n\n{name} = TypedDict({name!r}, {{\n{rows}}})\n"
    lines = [f"    {field}: {kind}" for field, kind in types.items()]
    return f"\n\nclass {name}(TypedDict):\n{_docstring(schema)}" + "\n".join(lines) + "\n"


def _docstring(schema: Mapping[str, Any]) -> str:
    text = " ".join(schema.get("description", "").split())
    if len(text) < 100:
        return f'    """{text}"""\n\n' if text else ""
    return f'    """{textwrap.fill(text, 100, subsequent_indent="    ")}\n    """\n\n'


def _type(schema: Mapping[str, Any]) -> str:
    if isinstance(kinds := schema.get("type"), list):
        return " | ".join(_type({**schema, "type": kind}) for kind in kinds)
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REFERENCE))
    for name in ("allOf", "oneOf", "anyOf"):
        if name in schema:
            return " | ".join(dict.fromkeys(_type(inner) for inner in schema[name]))
    if "enum" in schema:
        words = [word for word in schema["enum"] if word is not None]
        literal = f"Literal[{', '.join(map(repr, words))}]" if words else ""
        return " | ".join(filter(None, [literal, "None" if None in schema["enum"] else ""]))
    kind = schema.get("type")
    if kind == "null":
        return "None"
    if kind == "array":
        return f"list[{_type(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_type(values) if isinstance(values, Mapping) else 'Any'}]"
    return _SIMPLE.get(str(kind), "Any")


def fields_module() -> str:
    """The module with the fields and options of a job, of which the command line makes its options."""
    rows = [*(_row(name, facts) for name, facts in FIELDS.items())]
    rows += [_row(name, facts) for name, facts in OPTIONS.items()]
    return (
        f'"""The fields of a job that the command line takes. {_NOTE}"""\n\nfrom __future__ import annotations\n\n'
        "from batchdeck.job_field import JobField\n\n"
        "FIELDS = (\n" + "".join(f"    {row},\n" for row in rows) + ")\n"
    )


def _row(name: str, facts: FieldFacts) -> str:
    public = "model" if name == "model_name" else name
    kinds = {
        Kind.WHOLE: "int",
        Kind.AMOUNT: "float",
        Kind.FLAG: "bool",
        Kind.WORDS: "words",
        Kind.TEXTS: "texts",
    }
    choices = tuple(facts.choices)
    is_own = name in OPTIONS
    help_text = facts.help.replace("`", "")
    return (
        f"JobField({public!r}, {kinds.get(facts.kind, 'str')!r}, {choices!r}, {help_text!r}, is_own={is_own})"
    )


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "tools/types.py", "-"]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)
    return answer.stdout


def main() -> int:
    """Write both modules, or compare them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    texts = {
        FOLDER / "types.py": _formatted(types_module(schema["components"]["schemas"])),
        FOLDER / "job_fields.py": _formatted(fields_module()),
    }
    if "--check" not in sys.argv[1:]:
        for file, text in texts.items():
            file.write_text(text)
        return 0
    old = [file.name for file, text in texts.items() if not file.exists() or file.read_text() != text]
    if old:
        print(f"client/batchdeck/{' and '.join(old)} must be made again: python -m tools.client_types")
    return 1 if old else 0


if __name__ == "__main__":
    raise SystemExit(main())
