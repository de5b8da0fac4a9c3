"""Jobs, their logs and their results."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from urllib3.response import BaseHTTPResponse

from batchdeck.api.part import Part, word
from batchdeck.errors import TimedOut
from batchdeck.types import (
    CauseAnswer,
    CompareAnswer,
    FileAnswer,
    JobAnswer,
    JobDetailAnswer,
    LogLineAnswer,
    LogsAnswer,
    OutputAnswer,
    PreflightAnswer,
    RecordsAnswer,
)

#: The states in which nothing happens any more.
ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED", "REJECTED", "CANCELLED"})
#: Seconds between two looks at a job: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


class Jobs(Part):
    """The team's jobs."""

    def list(self, **filters: Any) -> Iterator[JobAnswer]:
        """The jobs that match the filters of docs/api.md, such as `state="failed"`, newest first; pages as needed."""
        return self._rows("jobs/", filters)

    def get(self, job: str) -> JobDetailAnswer:
        """A job with its request, timeline and attempts."""
        return cast("JobDetailAnswer", self._transport.call("GET", f"jobs/{word(job)}/"))

    def submit(self, body: Mapping[str, Any], *, key: str | None = None) -> JobAnswer:
        """Submit a job: the fields of docs/api.md, or `connection` and `request`.

        `key` is the Idempotency-Key: a call with the same key and body returns the first call's job.
        """
        return cast("JobAnswer", self._transport.call("POST", "jobs/", body=dict(body), key=key))

    def try_first(self, body: Mapping[str, Any], *, records: int = 100, key: str | None = None) -> JobAnswer:
        """Submit a trial: a job on the first `records` of the input, with the body of a submission."""
        fields = {**body, "records": records}
        return cast("JobAnswer", self._transport.call("POST", "jobs/trials/", body=fields, key=key))

    def preflight(self, body: Mapping[str, Any]) -> PreflightAnswer:
        """What would be wrong with a job, without submitting it."""
        return cast("PreflightAnswer", self._transport.call("POST", "jobs/preflight/", body=dict(body)))

    def stop(self, job: str) -> JobAnswer:
        """Stop a job, or cancel it while it waits."""
        return cast("JobAnswer", self._transport.call("POST", f"jobs/{word(job)}/stop/"))

    def finish_missing(
        self, job: str, *, name: str | None = None, replace_outputs: bool = False, key: str | None = None
    ) -> JobAnswer:
        """Submit the next attempt over the inputs without an output."""
        return self._again(job, "finish", {"name": name}, replace_outputs, key)

    def retry(
        self,
        job: str,
        *,
        name: str | None = None,
        output_path: str | None = None,
        replace_outputs: bool = False,
        key: str | None = None,
    ) -> JobAnswer:
        """Submit the same request again."""
        return self._again(job, "retry", {"name": name, "output_path": output_path}, replace_outputs, key)

    def _again(
        self, job: str, verb: str, body: Mapping[str, str | None], replace_outputs: bool, key: str | None
    ) -> JobAnswer:
        fields: dict[str, Any] = {name: value for name, value in body.items() if value is not None}
        fields["replace_outputs"] = replace_outputs
        answer = self._transport.call("POST", f"jobs/{word(job)}/{verb}/", body=fields, key=key)
        return cast("JobAnswer", answer)

    def wait(
        self,
        job: str,
        *,
        timeout: float | None = None,
        look: Callable[[JobDetailAnswer], None] = lambda job: None,
    ) -> JobDetailAnswer:
        """The job once it has ended; `look` is called with each answer. Raises TimedOut after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_PAUSE
        while True:
            answer = self.get(job)
            look(answer)
            if answer["state"] in ENDED:
                return answer
            seconds_left = None if until is None else until - time.monotonic()
            if seconds_left is not None and seconds_left <= 0:
                raise TimedOut(f"{job} is still {answer['state']} after {timeout:g} s.")
            time.sleep(min(pause, seconds_left) if seconds_left is not None else pause)
            # Many clients that began together drift apart.
            pause = min(pause * random.uniform(1.2, 1.6), LONGEST_PAUSE)  # noqa: S311

    def logs(self, job: str, **query: Any) -> LogsAnswer:
        """A page of the log; `stream`, `search`, `errors`, `token`, `before` and `at` as in docs/api.md."""
        return cast("LogsAnswer", self._transport.call("GET", f"jobs/{word(job)}/logs/", query=query))

    def log_text(self, job: str, **query: Any) -> Iterator[str]:
        """The lines of the whole log as text, each with its time."""
        answer = self._transport.open(f"jobs/{word(job)}/logs/text/", query)
        try:
            beginning = ""
            for piece in answer.stream(64 * 1024):
                *lines, beginning = (beginning + piece.decode("utf-8", "replace")).split("\n")
                yield from lines
            if beginning:
                yield beginning
        finally:
            answer.release_conn()

    def follow_log(
        self, job: str, *, stream: str = "all", search: str = "", errors: bool = False
    ) -> Iterator[LogLineAnswer]:
        """The lines of the log, and those that are written until the job has ended."""
        query: dict[str, Any] = {"stream": stream, "search": search, "errors": errors}
        token, pause, quiet_looks = "", FIRST_PAUSE, 0
        while True:
            # Asked before the log: lines that were written until the end are in the answer after it.
            has_ended = self.get(job)["state"] in ENDED
            page = self.logs(job, **query, token=token)
            yield from page["results"]
            token = page["token"] or token
            if page["results"] or page["more"]:
                pause, quiet_looks = FIRST_PAUSE, 0
                continue
            # The last lines reach CloudWatch after the end.
            quiet_looks += has_ended
            if quiet_looks > 2:
                return
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE / 2)

    def files(self, job: str, **query: Any) -> Iterator[FileAnswer]:
        """The input objects and the state of each."""
        return self._rows(f"jobs/{word(job)}/files/", query)

    def outputs(self, job: str) -> Iterator[OutputAnswer]:
        """The outputs that exist, in the order of their keys."""
        return self._rows(f"jobs/{word(job)}/outputs/")

    def open_output(
        self, job: str, key: str, *, headers: Mapping[str, str] | None = None
    ) -> BaseHTTPResponse:
        """An output's bytes, to be read in pieces; close the answer."""
        return self._transport.open(f"jobs/{word(job)}/outputs/download/", {"key": key}, headers)

    def records(self, job: str, **query: Any) -> RecordsAnswer:
        """Rows of one file, input and output together; `file`, `from`, `limit` and `filter` as in docs/api.md."""
        return cast("RecordsAnswer", self._transport.call("GET", f"jobs/{word(job)}/records/", query=query))

    def causes(self, **filters: Any) -> list[CauseAnswer]:  # type: ignore[valid-type]  # `list` is the method above
        """Failures by cause, the most frequent first."""
        answer = self._transport.call("GET", "jobs/causes/", query=filters)
        return answer["results"] if isinstance(answer, dict) else answer  # type: ignore[no-any-return]

    def compare(self, job: str, more_jobs: tuple[str, ...], *, key: str = "") -> CompareAnswer:
        """The settings and predictions of jobs side by side; rows are matched by the column `key` or by position."""
        query = {"with": ",".join(more_jobs), "key": key}
        answer = self._transport.call("GET", f"jobs/{word(job)}/compare/", query=query)
        return cast("CompareAnswer", answer)
