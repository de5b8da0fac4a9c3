"""A group of ten thousand versions: pages show some of them, and counting does not read all."""

from __future__ import annotations

import sqlite3

import pytest

from aws import package_groups, packages
from jobs.lifecycle.aws_session import target_of
from tests.cast import House
from tests.engine.resources import unique
from tests.registry.conftest import XGBOOST
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db
MANY = 10_000


@pytest.fixture
def crowd(real: House, engine: EngineProcess) -> str:
    """A group with ten thousand versions, of which the first alone is approved."""
    name, target = unique("crowd"), target_of(real.connection)
    package_groups.create(target, name)
    arn = packages.create(target, packages.NewVersion(name, [{"Image": XGBOOST}]))
    with sqlite3.connect(engine.data_dir / "engine.sqlite3", timeout=30) as database:
        request, created = database.execute(
            "SELECT request, created FROM packages WHERE name = ?", (name,)
        ).fetchone()
        database.executemany(
            "INSERT INTO packages (name, version, arn, request, created) VALUES (?, ?, ?, ?, ?)",
            (
                (name, number, f"{arn.removesuffix('/1')}/{number}", request, created + number)
                for number in range(2, MANY + 1)
            ),
        )
        database.execute("UPDATE package_groups SET versions = ? WHERE name = ?", (MANY, name))
    packages.set_approval(target, arn, "Approved")
    return name


def test_ten_thousand_versions_are_paged_and_the_approved_one_is_found(real: House, crowd: str) -> None:
    client = real.page("vera")
    groups = Page(client.get("/registry/", {"q": crowd}))
    row = next(node for node in groups.all("tr") if crowd in node.text)
    assert "Version 1 " in row.text
    assert "100+" in row.text
    path = f"/registry/{real.connection.slug}/{crowd}/"
    numbers: list[str] = []
    for _ in range(3):
        page = Page(client.get(path))
        numbers += [node.text for node in page.all("a") if node.text.startswith("Version ")]
        following = next(node.get("href") for node in page.all("a") if node.text == "Next")
        path = following
    assert numbers == [f"Version {number}" for number in range(MANY, MANY - 60, -1)]
    approved = Page(client.get(f"/registry/{real.connection.slug}/{crowd}/", {"approval": "Approved"}))
    assert [node.text for node in approved.all("a") if node.text.startswith("Version ")] == ["Version 1"]
