"""docs/llms.txt is an index: every page is in it, with a line that says what the page is about."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "docs" / "llms.txt"
PAGES = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), ROOT / "samples" / "README.md"]
LINK = re.compile(r"- \[[^\]]+\]\((?P<target>[^)]+)\): (?P<about>\S.{10,110})")


def links() -> list[Path]:
    """The pages that the index links, in its order."""
    lines = [line for line in INDEX.read_text().splitlines() if line.startswith("- ")]
    matches = [LINK.fullmatch(line) for line in lines]
    assert None not in matches, lines[matches.index(None)]
    return [(INDEX.parent / match["target"]).resolve() for match in matches if match]


def test_every_page_is_in_the_index_once() -> None:
    assert sorted(links()) == sorted(PAGES)


def test_the_index_begins_with_a_title_and_one_sentence() -> None:
    title, blank, sentence, *_ = INDEX.read_text().splitlines()
    assert title.startswith("# ")
    assert blank == ""
    assert re.fullmatch(r"> [^.]+\.", sentence)


def test_every_link_between_pages_leads_to_a_file() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_every_path_that_the_map_names_is_there() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    paths = re.findall(r"`([\w-]+(?:/[\w.-]+)*/?)`", text)
    named = [path for path in paths if "/" in path or path.endswith((".py", ".md", ".yml"))]
    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []
