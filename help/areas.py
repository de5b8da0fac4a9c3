"""Which document explains which part of the product, for the link of the page that a person is on."""

from __future__ import annotations

#: The beginning of addresses, the more special ones first, and the link that explains their pages.
AREAS = (
    ("/jobs/new/", "jobs#a-new-job"),
    ("/jobs/compare/", "results#compare"),
    ("/jobs/", "jobs"),
    ("/models/", "models"),
    ("/registry/", "registry"),
    ("/presets/", "jobs#presets"),
    ("/deployments/", "deployments"),
    ("/schedules/", "schedules"),
    ("/tunings/", "jobs#fastest-settings"),
    ("/data/", "data"),
    ("/browse/", "data"),
    ("/connections/", "connections"),
    ("/costs/", "operations#costs"),
    ("/notifications/", "notifications"),
    ("/team/tokens/", "accounts#service-accounts"),
    ("/team/activity/", "accounts#the-record"),
    ("/team/", "accounts"),
    ("/account/", "accounts#the-account-page"),
)


def link_for(path: str) -> str:
    """The link for a page's address; empty if no document is about it."""
    if path.startswith("/jobs/") and "/results/" in path:
        return "results"
    return next((link for start, link in AREAS if path.startswith(start)), "")
