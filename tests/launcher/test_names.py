"""What `./deck check` says about names."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import names


@pytest.mark.parametrize(
    "code",
    ["found = 1", "def one(): pass", "class Told: pass", "def f(given): pass", "for _one in (): pass"],
)
def test_a_pronoun_or_a_participle_is_no_name(code: str) -> None:
    assert any(names.is_empty(name) for name, _ in names.bound_names(ast.parse(code)))


def test_a_noun_is_a_name() -> None:
    code = "matching_jobs = [job for job in found_jobs()]\ndef one_line(text): return text.one"
    assert not any(names.is_empty(name) for name, _ in names.bound_names(ast.parse(code)))


def test_a_class_name_stands_for_one_class_on_each_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, name in (("jobs", "Row"), ("teams", "Row"), ("engine", "Row"), ("aws", "_Row")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.py").write_text(f"class {name}: pass\n")
    monkeypatch.setattr(names, "ROOT", tmp_path)
    assert names.main(["jobs", "teams", "engine", "aws"]) == 1
    assert capsys.readouterr().out == (
        "jobs/rows.py:1: Row names several classes: jobs/rows.py:1, teams/rows.py:1\n"
    )
    assert names.main(["jobs", "engine", "aws"]) == 0
