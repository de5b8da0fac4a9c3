"""What a browser, and axe-core in it, say about a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: What moved without anybody's doing until the page has been quiet for half a second: how much, and which elements.
MOVED = """() => new Promise((done) => {
  const moved = [];
  const name = (node) => node.nodeType === 1 ? node.cloneNode(false).outerHTML : node.textContent;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) moved.push([entry.value, ...entry.sources.map((one) => one.node && name(one.node))]);
    }
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 500);
})"""
#: The rule of axe-core about colours, the only one whose answer depends on the theme.
COLOURS = "color-contrast"


def violations(page: Page, *rules: str) -> list[str]:
    """What axe says of the page as it is: each rule, why it matters, and the elements. All rules without `rules`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    response = page.evaluate("options => axe.run(options)", options)
    assert response["passes"], "axe looked at nothing"
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]
