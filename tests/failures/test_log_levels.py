"""Which lines of a log are errors, and which of them begin what went wrong."""

from __future__ import annotations

import pytest

from failures.levels import Levels, LogLevel

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "serve.py", line 3, in answer',
    "    model.predict(rows)",
    "ValueError: 30 columns expected",
]


def beginnings(*lines: str) -> list[str]:
    levels = Levels()
    return [line for line in lines if levels.of("one/data-log", line)[1]]


def test_a_message_and_the_traceback_right_behind_it_are_one_error() -> None:
    message = "ERROR: a request failed"
    assert beginnings(message, *TRACEBACK) == [message]
    assert beginnings(message, "INFO: next", *TRACEBACK) == [message, TRACEBACK[0]]


def test_a_traceback_behind_a_traceback_is_another_error() -> None:
    assert beginnings(*TRACEBACK, *TRACEBACK) == [TRACEBACK[0]] * 2


def test_streams_do_not_end_each_others_tracebacks() -> None:
    levels = Levels()
    levels.of("one/data-log", "ERROR: a request failed")
    assert levels.of("two/data-log", TRACEBACK[0]) == (LogLevel.ERROR, True)
    assert levels.of("one/data-log", TRACEBACK[0]) == (LogLevel.ERROR, False)
    assert levels.of("two/data-log", TRACEBACK[1]) == (LogLevel.ERROR, False)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("12:00 WARNING 3 rows skipped", LogLevel.WARNING),
        ("Killed", LogLevel.ERROR),
        ('127.0.0.1 "POST /invocations HTTP/1.1" 500 21', LogLevel.ERROR),
        ('127.0.0.1 "POST /invocations HTTP/1.1" 200 500', LogLevel.PLAIN),
        ("0 errors so far", LogLevel.PLAIN),
    ],
)
def test_a_line_has_the_level_that_it_says(line: str, level: LogLevel) -> None:
    assert Levels().of("one/data-log", line)[0] == level
