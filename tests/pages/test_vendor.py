"""What others wrote and we serve: exactly the files that the manifest notes, each with its licence."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
TOOLS, TEMPLATES = VENDOR.parents[1] / "tools", VENDOR.parents[1] / "templates"
ENTRIES = json.loads((VENDOR / "vendor.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_each_vendored_file_is_the_one_that_was_noted(entry: dict[str, dict[str, str]]) -> None:
    for name, noted in entry["files"].items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert "sha384-" + base64.b64encode(digest).decode() == noted, name


def test_no_page_uses_a_class_of_tabler_that_was_taken_out() -> None:
    tablers_classes = set((TOOLS / "tabler.min.css.classes").read_text().split())
    kept_classes = set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", (VENDOR / "tabler.min.css").read_text()))
    lists = [
        re.sub(r"{[{%].*?[}%]}", " ", attribute)
        for path in TEMPLATES.rglob("*.html")
        for attribute in re.findall(r'class="((?:{[{%].*?[}%]}|[^"])*)"', path.read_text())
    ]
    used = {word for text in lists for word in text.split()}
    assert {"btn", "mb-3"} <= used & kept_classes
    assert used & tablers_classes - kept_classes == set(), "run tools/vendor.py"


def test_no_file_is_there_that_nobody_noted() -> None:
    noted = {name for entry in ENTRIES for name in entry["files"]} | {"vendor.json", "tabler.LICENSE.txt"}
    assert {path.name for path in VENDOR.iterdir()} <= noted
