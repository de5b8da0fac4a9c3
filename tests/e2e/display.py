"""The display on which a page is looked at: a browser context of its own, its width and its theme."""

from __future__ import annotations

from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page

#: Milliseconds that a page may take on a busy machine; how long is no finding.
LONGEST_WAIT = 120_000
WIDTHS = (390, 1280, 1920)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context with Playwright's options in which nothing is cached and nobody is signed in."""
    context = browser.new_context(**options)
    context.set_default_timeout(LONGEST_WAIT)
    return context


#: Ends the transitions that a change of the theme has begun, those too that begin when an inherited colour is there.
_END_TRANSITIONS = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let quiet = 0; quiet < 2; quiet++) {
    await frame();
    for (const each of document.getAnimations()) {
      if (each instanceof CSSTransition) { each.finish(); quiet = 0; }
    }
  }
}"""


def set_display(page: Page, width: int, theme: Theme) -> None:
    """Show the page at this width in this theme, with the transitions of its colours at their end."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    page.evaluate(_END_TRANSITIONS)
