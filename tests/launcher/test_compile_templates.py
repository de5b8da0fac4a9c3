"""What `./deck check` says of templates that Django cannot compile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import compile_templates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<p>\n{% icon 'x' %}", "page.html:2: Invalid block tag on line 2: 'icon'. Did you forget"),
        ("{{ name|no_such_filter }}", "page.html:1: Invalid filter: 'no_such_filter'"),
        ("\n\n{% if name %}", "page.html:3: Unclosed tag on line 3: 'if'."),
        ("{% include 'parts/gone.html' %}", "page.html:1: There is no template parts/gone.html."),
        ("{% extends 'gone.html' %}", "page.html:1: There is no template gone.html."),
    ],
)
def test_a_template_that_cannot_be_compiled_is_named_with_its_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "page.html").write_text(text)
    assert compile_templates.main([str(tmp_path)]) == 1
    assert f"{tmp_path}/parts/{message}" in capsys.readouterr().out


def test_an_error_in_a_partial_is_reported_once_and_at_the_partial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.html").write_text("{% include 'partial.html' %}")
    (tmp_path / "partial.html").write_text("{% endif %}")
    assert compile_templates.main([str(tmp_path)]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        str(tmp_path / "partial.html")
    ]


def test_every_template_of_the_product_compiles(capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_templates.main([]) == 0, capsys.readouterr().out
