"""./deck bench: what it offers, and what it says to a name that it does not have."""

from __future__ import annotations

import pytest

from bench import _report
from launcher import commands
from tests.support.house import CHECKOUT

NAMES = sorted(file.stem for file in (CHECKOUT / "bench").glob("[!_]*.py"))


def test_without_a_name_every_benchmark_is_listed_with_what_it_measures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.main(["bench"]) == commands.USAGE_ERROR
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[2:]]
    assert [name for name, _ in listed] == NAMES
    assert "first_start" in NAMES


def test_help_lists_them_too_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["bench", "--help"]) == 0
    assert "first_start" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nothing", "_report", "../manage", "--runs"])
def test_an_unknown_name_is_an_error_that_says_which_there_are(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["bench", name]) == commands.USAGE_ERROR
    errors = capsys.readouterr().err
    assert f"no benchmark {name!r}" in errors
    assert all(name_of_benchmark in errors for name_of_benchmark in NAMES)


def test_a_table_has_the_least_the_middle_and_the_most_of_each_row() -> None:
    lines = _report.table({"first start": [3.0, 1.0, 2.0], "second": [1.25]}).splitlines()
    assert lines[1].split() == ["first", "start", "1.00", "2.00", "3.00", "3"]
    assert lines[2].split() == ["second", "1.25", "1.25", "1.25", "1"]
    assert len({len(line) for line in lines}) == 1
