"""Schedule expressions: when each one runs next, on days when clocks change too, and what is refused."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from transform.schedule_expressions import BadExpression, parse_expression

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)


def at(text: str, zone: ZoneInfo = UTC_ZONE, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def next_of(text: str, after: str, zone: ZoneInfo = UTC_ZONE) -> str | None:
    moment = parse_expression(text).next_time(at(after, zone), zone=zone, since=at("2026-01-01", zone))
    return moment and moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "after", "moment"),
    [
        ("cron(15 10 * * ? *)", "2026-03-05T10:14:59", "2026-03-05T10:15:00"),
        ("cron(15 10 * * ? *)", "2026-03-05T10:15:00", "2026-03-06T10:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-27T18:00:00", "2026-11-30T18:00:00"),
        ("cron(0 18 ? * 2-6 *)", "2026-11-27T18:00:00", "2026-11-30T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-11-01T08:00:00", "2026-12-01T08:00:00"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-11-30T23:45:00", "2026-11-30T23:50:00"),
        ("cron(5/20 * * * ? *)", "2026-11-30T23:46:00", "2026-12-01T00:05:00"),
        ("cron(0-30/15 9,17 * * ? *)", "2026-11-30T09:31:00", "2026-11-30T17:00:00"),
        ("cron(*/25 0 * * ? *)", "2026-11-30T00:25:00", "2026-11-30T00:50:00"),
        ("cron(0 5 L * ? *)", "2028-02-01T00:00:00", "2028-02-29T05:00:00"),
        ("cron(0 5 31 * ? *)", "2026-04-01T00:00:00", "2026-05-31T05:00:00"),
        # 15 August 2026 is a Saturday, 1 August too; 31 May 2026 is a Sunday.
        ("cron(0 5 15W 8 ? *)", "2026-08-01T00:00:00", "2026-08-14T05:00:00"),
        ("cron(0 5 1W 8 ? *)", "2026-07-31T06:00:00", "2026-08-03T05:00:00"),
        ("cron(0 5 31W 5 ? *)", "2026-05-01T00:00:00", "2026-05-29T05:00:00"),
        ("cron(0 5 ? * L *)", "2026-12-01T00:00:00", "2026-12-05T05:00:00"),
        ("cron(15 10 ? * 6L 2026-2027)", "2026-11-01T00:00:00", "2026-11-27T10:15:00"),
        ("cron(15 10 ? * FRIL *)", "2026-11-27T10:15:00", "2026-12-25T10:15:00"),
        ("cron(0 9 ? * 3#2 *)", "2026-12-01T00:00:00", "2026-12-08T09:00:00"),
        ("cron(0 9 ? * MON#5 *)", "2026-12-01T00:00:00", "2027-03-29T09:00:00"),
        ("cron(0 0 29 FEB ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 jan,jul ? 2030/2)", "2026-01-01T00:00:00", "2030-01-01T00:00:00"),
        ("cron(0 0 1 JAN ? 2020)", "2026-01-01T00:00:00", None),
        ("cron(0 0 30 2 ? *)", "2026-01-01T00:00:00", None),
        ("at(2026-12-24T18:00:30)", "2026-12-24T18:00:29", "2026-12-24T18:00:30"),
        ("at(2026-12-24T18:00:30)", "2026-12-24T18:00:30", None),
        ("rate(5 minutes)", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("rate(1 day)", "2026-01-03T00:00:00", "2026-01-04T00:00:00"),
        ("rate(7 hours)", "2025-06-01T00:00:00", "2026-01-01T07:00:00"),
    ],
)
def test_an_expression_runs_next(expression: str, after: str, moment: str | None) -> None:
    assert next_of(expression, after) == moment


def test_a_time_that_the_clocks_leave_out_runs_at_the_next_that_exists() -> None:
    daily = parse_expression("cron(30 2 * * ? *)")
    after = at("2026-03-28T12:00", BERLIN)
    moved = daily.next_times(after, 2, zone=BERLIN, since=after)
    skipped = daily.next_times(after, 1, zone=BERLIN, since=after, skips_missing=True)
    assert moved == [at("2026-03-29T03:00", BERLIN), at("2026-03-30T02:30", BERLIN)]
    assert skipped == [at("2026-03-30T02:30", BERLIN)]
    once = parse_expression("at(2026-03-29T02:30:00)")
    assert once.next_time(after, zone=BERLIN, since=after) == at("2026-03-29T03:00", BERLIN)
    assert once.next_time(after, zone=BERLIN, since=after, skips_missing=True) is None


def test_a_time_that_comes_twice_runs_once() -> None:
    after = at("2026-11-01T01:00", NEW_YORK)
    times = parse_expression("cron(30 1 * * ? *)").next_times(after, 2, zone=NEW_YORK, since=after)
    assert times == [at("2026-11-01T01:30", NEW_YORK), at("2026-11-02T01:30", NEW_YORK)]


def test_a_day_of_a_rate_has_24_hours() -> None:
    since = at("2026-03-28T12:00", BERLIN)
    assert next_of("cron(0 12 * * ? *)", "2026-03-28T12:00", BERLIN) == "2026-03-29T12:00:00"
    day_later = parse_expression("rate(1 day)").next_time(since, zone=BERLIN, since=since)
    assert day_later == at("2026-03-29T13:00", BERLIN)


def test_a_day_that_a_zone_leaves_out_is_no_trap() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert next_of("cron(0 12 30 12 ? 2011)", "2011-12-29T13:00", apia) == "2011-12-31T00:00:00"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "is not a schedule expression; write one such as rate(1 day)"),
        ("daily", "'daily' is not a schedule expression"),
        ("rate(1 days)", "'1 days': the unit is day after 1"),
        ("rate(2 day)", "'2 day': the unit is day after 1 and days"),
        ("rate(0 days)", "'0 days': write from 1 to 36500 days"),
        ("rate(36501 days)", "write from 1 to 36500 days"),
        ("rate(1.5 hours)", "'1.5 hours': write a number above 0 and minute"),
        ("rate(30 seconds)", "'30 seconds'"),
        ("rate(-1 day)", "'-1 day'"),
        ("rate(٣ days)", "write a number above 0"),
        ("cron(0 9 * * ?)", "has six fields, 'cron(0 9 * * ?)' has 5"),
        ("cron(0 9 * * * *)", "the day-of-week ('*') must be '?'"),
        ("cron(0 9 ? * ? *)", "One of the day-of-month ('?')"),
        ("cron(60 9 * * ? *)", "The minutes of a cron expression cannot be '60': write numbers from 0 to 59"),
        ("cron(0 24 * * ? *)", "The hours of a cron expression cannot be '24'"),
        ("cron(0 9 32 * ? *)", "The day-of-month of a cron expression cannot be '32'"),
        ("cron(0 9 0W * ? *)", "'0W'"),
        ("cron(0 9 1,15W * ? *)", "'1,15W'"),
        ("cron(0 9 * 13 ? *)", "write numbers from 1 to 12 or JAN-DEC"),
        ("cron(0 9 ? * 0 *)", "numbers from 1 to 7 or SUN-SAT"),
        ("cron(0 9 ? * 3#6 *)", "'3#6'"),
        ("cron(0 9 ? * XYZL *)", "'XYZL'"),
        ("cron(0 9 ? * FRI-MON *)", "a range goes from the lower to the higher number"),
        ("cron(0 9 * * ? 1969)", "numbers from 1970 to 2199"),
        ("cron(0/0 9 * * ? *)", "'0/0'"),
        ("cron(/5 9 * * ? *)", "'/5'"),
        ("cron(1,,2 9 * * ? *)", "'1,,2'"),
        ("at(2026-02-30T00:00:00)", "'2026-02-30T00:00:00': write a date and time"),
        ("at(2026-12-24)", "'2026-12-24'"),
        ("at(2026-12-24T18:00:00Z)", "'2026-12-24T18:00:00Z'"),
        ("at(1969-12-24T18:00:00)", "from 1970 to 2199"),
        ("cron(" + "0," * 200 + "0 9 * * ? *)", "at most 256 characters"),
    ],
)
def test_a_bad_expression_says_what_is_wrong(expression: str, words: str) -> None:
    with pytest.raises(BadExpression) as refusal:
        parse_expression(expression)
    assert words in str(refusal.value)


def test_rules_have_no_at() -> None:
    with pytest.raises(BadExpression) as refusal:
        parse_expression("at(2026-12-24T18:00:00)", allow_at=False)
    assert "such as rate(1 day), cron(0 9 ? * MON-FRI *)." in str(refusal.value)


# A slow oracle: it walks over all minutes and looks at every local minute that the clocks have passed.

ZONES = some.sampled_from(
    [
        ZoneInfo(name)
        for name in ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
    ]
)
MOMENTS = some.builds(
    lambda seconds: at("2026-01-01") + timedelta(seconds=seconds), some.integers(0, 2 * 365 * 24 * 3600)
)
#: Hours around the changes of clocks in 2026 in these zones.
CHANGES = [
    at(text)
    for text in (
        "2026-03-29T01:00",
        "2026-10-25T01:00",
        "2026-03-08T07:00",
        "2026-11-01T06:00",
        "2026-04-04T15:00",
    )
]
NEAR_CHANGES = some.builds(
    lambda change, seconds: change + timedelta(seconds=seconds),
    some.sampled_from(CHANGES),
    some.integers(-5 * 3600, 5 * 3600),
)


@some.composite
def fields(draw: some.DrawFn, least: int, most: int) -> tuple[str, set[int]]:
    """A field's text with the numbers that it matches."""
    kind = draw(some.sampled_from(["all", "list", "range", "step"]))
    if kind == "all":
        return "*", set(range(least, most + 1))
    numbers = sorted(draw(some.sets(some.integers(least, most), min_size=1, max_size=4)))
    if kind == "list":
        return ",".join(map(str, numbers)), set(numbers)
    if kind == "range":
        return f"{numbers[0]}-{numbers[-1]}", set(range(numbers[0], numbers[-1] + 1))
    step = draw(some.integers(1, most))
    return f"{numbers[0]}/{step}", set(range(numbers[0], most + 1, step))


@some.composite
def crons(draw: some.DrawFn) -> tuple[str, set[int], set[int], str, set[int], str]:
    """The expression, and what a slow search needs of it."""
    minutes, minute_set = draw(fields(0, 59))
    hours, hour_set = draw(fields(0, 23))
    months, month_set = draw(fields(1, 12))
    day, weekday = draw(
        some.sampled_from(
            [
                ("*", "?"),
                ("L", "?"),
                ("15W", "?"),
                ("1W", "?"),
                ("?", "2"),
                ("?", "1L"),
                ("?", "1#5"),
                ("29", "?"),
            ]
        )
    )
    return (
        f"cron({minutes} {hours} {day} {months} {weekday} *)",
        minute_set,
        hour_set,
        day,
        month_set,
        weekday,
    )


def day_matches(local: datetime, day: str, weekday: str) -> bool:
    length = calendar.monthrange(local.year, local.month)[1]
    if day.endswith("W"):
        nearest = int(day[:-1])
        weekdays = [number for number in range(1, length + 1) if local.replace(day=number).weekday() < 5]
        return local.day == min(weekdays, key=lambda number: abs(number - nearest))
    if day != "?":
        return day == "*" or local.day == (length if day == "L" else int(day))
    if local.isoweekday() % 7 + 1 != int(weekday[0]):
        return False
    if weekday.endswith("L"):
        return local.day + 7 > length
    return not weekday.endswith("#5") or local.day > 28


def passed_minutes(after: datetime, zone: ZoneInfo, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """Each instant after `after` with every local minute that clocks show or leave out there for the first time."""
    moment = after.replace(second=0, microsecond=0) - timedelta(hours=3)
    latest = moment.astimezone(zone).replace(tzinfo=None)
    for _ in range(minutes):
        moment += MINUTE
        local = moment.astimezone(zone).replace(tzinfo=None)
        while latest < local:
            latest += MINUTE
            if moment > after:
                yield moment, latest


@settings(max_examples=60, deadline=None)
@given(crons(), ZONES, some.one_of(NEAR_CHANGES, MOMENTS))
def test_the_next_time_is_what_a_slow_search_finds(
    cron: tuple[str, set[int], set[int], str, set[int], str], zone: ZoneInfo, after: datetime
) -> None:
    text, minutes, hours, day, months, weekday = cron
    moment = parse_expression(text).next_time(after, zone=zone, since=after)
    searched = 3 * 24 * 60
    slow = next(
        (
            instant
            for instant, local in passed_minutes(after, zone, searched)
            if local.minute in minutes
            and local.hour in hours
            and local.month in months
            and day_matches(local, day, weekday)
        ),
        None,
    )
    if slow is None:
        assert moment is None or moment > after + searched * MINUTE - timedelta(hours=4)
    else:
        assert moment == slow


@settings(deadline=None)
@given(
    some.one_of(
        crons().map(lambda cron: cron[0]),
        some.sampled_from(["rate(1 minute)", "rate(36500 days)", "rate(7 hours)"]),
    ),
    ZONES,
    some.one_of(NEAR_CHANGES, MOMENTS),
    some.timedeltas(timedelta(0), timedelta(days=40)),
    some.booleans(),
)
def test_the_next_time_is_later_and_never_goes_back(
    text: str, zone: ZoneInfo, after: datetime, wait: timedelta, skips_missing: bool
) -> None:
    expression = parse_expression(text)

    def following(moment: datetime) -> datetime | None:
        return expression.next_time(moment, zone=zone, since=CHANGES[0], skips_missing=skips_missing)

    first, second = following(after), following(after + wait)
    assert first is None or first > after
    assert second is None or (first is not None and first <= second)
    if first is not None and second is not None and first > after + wait:
        assert first == second
