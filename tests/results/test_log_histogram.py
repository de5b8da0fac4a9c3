"""The chart of a log page's lines by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from failures.levels import LogLevel
from results.log_histogram import BINS, histogram
from results.log_reading import PageLine
from results.templatetags.logs import log_bar

BEGAN = datetime(2026, 11, 30, 22, tzinfo=UTC)


def line(second: float, level: LogLevel = LogLevel.PLAIN) -> PageLine:
    return PageLine(BEGAN + timedelta(seconds=second), "text", "s", f"id-{second}", level, False)


def test_lines_and_errors_are_counted_in_parts_of_equal_length() -> None:
    lines = [line(second) for second in range(BINS + 1)]
    lines[30:31] = [line(30), line(30.2, LogLevel.ERROR), line(30.4)]
    drawn = histogram(lines)
    assert drawn is not None
    assert (drawn.first, drawn.last) == (lines[0].at, lines[-1].at)
    assert sum(part.lines for part in drawn.bins) == len(lines)
    (busy,) = [part for part in drawn.bins if part.errors]
    assert (busy.lines, busy.errors, busy.height, busy.line_id) == (3, 1, 100.0, "id-30.2")


def test_few_lines_and_lines_of_one_time_have_no_chart() -> None:
    assert histogram([line(second) for second in range(5)]) is None
    assert histogram([line(1) for _ in range(50)]) is None


def test_a_bar_is_a_link_to_its_first_error_with_its_numbers_in_words() -> None:
    drawn = histogram([*(line(second) for second in range(30)), line(30, LogLevel.ERROR)])
    assert drawn is not None
    text = log_bar(drawn.bins[-1], "/jobs/x/logs/?stream=s")
    assert 'href="/jobs/x/logs/?stream=s&amp;at=id-30#here"' in text
    assert ": 1 line, 1 in errors" in text
