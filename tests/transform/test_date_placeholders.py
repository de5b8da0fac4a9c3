"""Dates in S3 paths: what each placeholder stands for, on days that are shorter and longer too."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform.date_placeholders import BadPlaceholder, check_placeholders, fill_placeholders

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 3, 1, 6, 5, tzinfo=BERLIN)
RUN = "20260301-0605-k3v7q2"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("s3://b/{date}/", "s3://b/2026-03-01/"),
        ("s3://b/{yyyy}/{mm}/{dd}/{hour}{minute}", "s3://b/2026/03/01/0605"),
        ("s3://b/{run}/", f"s3://b/{RUN}/"),
        ("s3://b/{date-1d}/", "s3://b/2026-02-28/"),
        ("s3://b/{yyyy-1w}/{mm-1w}/{dd-1w}/", "s3://b/2026/02/22/"),
        ("s3://b/{date+2d}/{hour-7h}/{dd-7h}", "s3://b/2026-03-03/23/28"),
        ("s3://b/{{date}}/", "s3://b/{date}/"),
        ("s3://b/no/dates/", "s3://b/no/dates/"),
    ],
)
def test_a_placeholder_is_replaced_by_its_part_of_the_time(text: str, filled: str) -> None:
    assert fill_placeholders(text, AT, RUN) == filled


def test_days_are_counted_on_the_calendar_and_hours_on_the_clock() -> None:
    """Summer time begins in Berlin on 29 March 2026 at 02:00."""
    after = datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)
    assert fill_placeholders("{date-1d}/{hour-1d}", after, RUN) == "2026-03-28/03"
    assert fill_placeholders("{date-1h}/{hour-1h}", after, RUN) == "2026-03-29/01"


def test_the_hour_that_comes_twice_is_named_twice() -> None:
    """Winter time begins in Berlin on 25 October 2026 at 03:00."""
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert fill_placeholders("{hour-1h}{minute-1h}", second, RUN) == "0230"
    assert fill_placeholders("{hour-2h}", second, RUN) == "01"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("s3://b/{day}/", "{day}"),
        ("s3://b/{DATE}/", "{DATE}"),
        ("s3://b/{}/", "{}"),
        ("s3://b/{date-1}/", "{date-1}"),
        ("s3://b/{date-1y}/", "{date-1y}"),
        ("s3://b/{run-1d}/", "{run-1d}"),
        ("s3://b/{date-9999w}/", "{date-9999w}"),
        ("s3://b/{date", "{"),
        ("s3://b/date}", "}"),
    ],
)
def test_an_unknown_placeholder_is_named(text: str, named: str) -> None:
    for read in (check_placeholders, lambda bad: fill_placeholders(bad, AT, RUN)):
        with pytest.raises(BadPlaceholder) as refusal:
            read(text)
        assert named in str(refusal.value)


def test_the_error_about_an_unknown_placeholder_lists_those_that_there_are() -> None:
    with pytest.raises(
        BadPlaceholder, match=r"\{date\}, \{yyyy\}, \{mm\}, \{dd\}, \{hour\}, \{minute\}, \{run\}"
    ):
        check_placeholders("{week}")


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(BadPlaceholder, match="outside the calendar"):
        fill_placeholders("{date-500w}", datetime(1, 1, 2, tzinfo=BERLIN), RUN)


def test_the_names_of_the_placeholders_are_told() -> None:
    assert check_placeholders("s3://b/{yyyy-1d}/{run}/{{mm}}") == {"yyyy", "run"}


@given(st.text(st.sampled_from("{}ab-1dh date"), max_size=20))
def test_what_is_checked_can_be_filled(text: str) -> None:
    try:
        check_placeholders(text)
    except BadPlaceholder:
        return
    fill_placeholders(text, AT, RUN)
