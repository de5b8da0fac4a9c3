"""The display on which a page is looked at: its width and its theme."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page

WIDTHS = (390, 1280, 1920)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def set_display(page: Page, width: int, theme: Theme) -> None:
    """Show the page at this width in this theme; returns once its colours have changed."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    # Two frames, after which the transitions have begun, and then their ends.
    page.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const running = document.getAnimations().filter((each) => each instanceof CSSTransition);
            await Promise.allSettled(running.map((each) => each.finished));
        }"""
    )
