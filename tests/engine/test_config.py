"""The engine's settings: read from the environment, documented, refused when they cannot be understood."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from engine.__main__ import read_arguments
from engine.config import BadSetting, Unsettled

ENGINE_DOCS = Path(__file__).resolve().parents[2] / "docs" / "engine.md"


def test_settings_come_from_the_environment() -> None:
    assert Unsettled.from_environment({}) == Unsettled()
    environment = {
        "ENGINE_RANGE_END_INCLUDED": "Yes",
        "ENGINE_NEWLINE_SENT": "0",
        "ENGINE_DOUBLE_NEWLINES": "",
    }
    assert Unsettled.from_environment(environment) == Unsettled(range_end_included=True, newline_sent=False)


def test_a_setting_that_is_neither_yes_nor_no_is_named() -> None:
    with pytest.raises(BadSetting, match="ENGINE_REFUSALS_RETRIED must be yes or no, not 'maybe'"):
        Unsettled.from_environment({"ENGINE_REFUSALS_RETRIED": "maybe"})


@pytest.mark.parametrize("item", fields(Unsettled), ids=lambda item: item.name)
def test_every_setting_is_documented_with_its_default(item: object) -> None:
    name, default = item.name, item.default  # type: ignore[attr-defined]
    assert f"| `ENGINE_{name.upper()}` | {'yes' if default else 'no'} |" in ENGINE_DOCS.read_text()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "ENGINE_CONFINEMENT",
            "sometimes",
            "ENGINE_CONFINEMENT must be prefer, require or off, not 'sometimes'",
        ),
        ("ENGINE_CONNECT_PORTS", "443,70000", "ENGINE_CONNECT_PORTS must be port numbers"),
        ("ENGINE_LOG_RETENTION_DAYS", "-1", "ENGINE_LOG_RETENTION_DAYS must be a whole number of days"),
        ("ENGINE_LIMITS", "disk=1", "ENGINE_LIMITS has 'disk'; it takes memory_mb"),
        ("ENGINE_LIMITS", "disk_mb=much", "ENGINE_LIMITS has 'disk_mb=much'; write name=number pairs"),
    ],
)
def test_a_value_that_cannot_be_understood_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting) as refused:
        read_arguments([])
    assert sentence in str(refused.value)
