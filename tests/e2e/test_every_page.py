"""Every page: what a first visit costs, that nothing moves, its times, its width, its title's edge, and axe-core.

A page is opened once for each kind of look at it, since opening takes longer than looking: as a first visit at two
widths, and once for all widths and themes. SCREENSHOTS=1 keeps a picture of each of the latter.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.display import THEMES, WIDTHS, Theme, new_context, set_display
from tests.e2e.looking import COLOURS, MOVED, violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(1800),
]
#: Bytes, with the headers of the answers. With less, something came from a cache.
LEAST, MOST = 60_000, 150_000
ZONE = "America/New_York"
NAMED = re.compile(r"E[SD]T$")
#: The widths of first visits and of axe-core's looks, and those at which titles have one left edge.
NARROW_AND_WIDE, EDGE_WIDTHS = (390, 1280), (1280, 1920)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LEFT_EDGE = "document.querySelector('h1').getBoundingClientRect().left"
KEEPS_PICTURES = bool(os.environ.get("SCREENSHOTS"))


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """A visit with an empty cache: the page's bytes, what moved, and titles of times in another zone."""

    weight: int
    moves: list[Any]
    foreign_times: list[str]


@dataclass(frozen=True, slots=True)
class Look:
    """A page at a width and in a theme: pixels beyond the window, its title's left edge, and what axe found."""

    overflow: int
    left_edge: float
    violations: list[str]


@pytest.fixture(scope="module")
def looked() -> dict[str, Any]:
    """What was seen so far, for the tests of this module."""
    return {}


@pytest.fixture
def first_visits(
    house: House, chromium: Browser, session_cookies: Any, every_path: dict[str, str], looked: dict[str, Any]
) -> dict[tuple[str, int], FirstVisit]:
    """A first visit to each page by a person in New York, at each of two widths."""
    if "first visits" not in looked:
        context = new_context(chromium, timezone_id=ZONE)
        context.add_cookies([*session_cookies, {"name": "zone", "value": ZONE, "url": house.url}])
        tabs = {width: context.new_page() for width in NARROW_AND_WIDE}
        looked["first visits"] = dict(_visit_each(tabs, house.url, every_path))
        context.close()
    visits: dict[tuple[str, int], FirstVisit] = looked["first visits"]
    return visits


def _visit_each(
    tabs: dict[int, Page], url: str, paths: dict[str, str]
) -> Iterator[tuple[tuple[str, int], FirstVisit]]:
    """Each page in all tabs at once, as most of the time is spent in waiting."""
    sizes_by_width = {width: _prepare_first_visits(tab, width) for width, tab in tabs.items()}
    for name, path in paths.items():
        for width, tab in tabs.items():
            sizes_by_width[width].clear()
            tab.goto(url + path, wait_until="commit")
        for tab in tabs.values():
            tab.wait_for_load_state("networkidle")
            tab.evaluate(f"() => {{ window.moved = ({MOVED})(); }}")
        for width, tab in tabs.items():
            weight, moves = sum(sizes_by_width[width]), tab.evaluate("window.moved")
            titles = tab.locator("time").evaluate_all("all => all.map(time => time.title)")
            foreign_times = [title for title in titles if not NAMED.search(title)]
            yield (name, width), FirstVisit(weight, moves, foreign_times)


def _prepare_first_visits(tab: Page, width: int) -> list[int]:
    """Let the tab load everything anew; returns the list to which it adds the bytes of each answer."""
    tab.set_viewport_size({"width": width, "height": 900})
    wire = tab.context.new_cdp_session(tab)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


@pytest.fixture
def looks(
    house: House, signed_in: Page, every_path: dict[str, str], looked: dict[str, Any], shots: Path
) -> dict[tuple[str, int, Theme], Look]:
    """Each page at each width and in each theme."""
    if "looks" not in looked:
        looked["looks"] = {
            (name, width, theme): look
            for name, path in every_path.items()
            for width, theme, look in _look_at(signed_in, name, house.url + path, shots)
        }
    looks: dict[tuple[str, int, Theme], Look] = looked["looks"]
    return looks


def _look_at(page: Page, name: str, url: str, shots: Path) -> Iterator[tuple[int, Theme, Look]]:
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 200, name
    for theme in THEMES:
        for width in WIDTHS:
            set_display(page, width, theme)
            rules = () if theme == "light" else (COLOURS,)
            problems = violations(page, *rules) if width in NARROW_AND_WIDE else []
            yield width, theme, Look(page.evaluate(OVERFLOW), page.evaluate(LEFT_EDGE), problems)
            if KEEPS_PICTURES:
                # To hide the caret would leave empty style attributes, which htmx copies and the policy refuses.
                page.screenshot(path=shots / f"{name}-{width}-{theme}.png", full_page=True, caret="initial")


def test_a_first_visit_to_any_page_takes_at_most_150_kilobytes(
    first_visits: dict[tuple[str, int], FirstVisit],
) -> None:
    weights = {place: visit.weight for place, visit in first_visits.items()}
    print({f"{name} {width}": f"{weight / 1000:.0f} KB" for (name, width), weight in weights.items()})
    assert {place: weight for place, weight in weights.items() if not LEAST < weight <= MOST} == {}


def test_no_page_moves_while_it_loads(first_visits: dict[tuple[str, int], FirstVisit]) -> None:
    assert {place: visit.moves for place, visit in first_visits.items() if visit.moves} == {}


def test_times_of_every_page_are_in_the_readers_zone(
    first_visits: dict[tuple[str, int], FirstVisit],
) -> None:
    times = {place: visit.foreign_times for place, visit in first_visits.items() if visit.foreign_times}
    assert times == {}


def test_no_page_is_wider_than_its_window(looks: dict[tuple[str, int, Theme], Look]) -> None:
    assert {place: look.overflow for place, look in looks.items() if look.overflow > 0} == {}


def test_every_title_begins_at_the_same_left_edge(looks: dict[tuple[str, int, Theme], Look]) -> None:
    edges = {place: look.left_edge for place, look in looks.items() if place[1] in EDGE_WIDTHS}
    assert {place: edge for place, edge in edges.items() if edge != 24} == {}


def test_no_page_has_a_violation(looks: dict[tuple[str, int, Theme], Look]) -> None:
    assert {place: look.violations for place, look in looks.items() if look.violations} == {}
