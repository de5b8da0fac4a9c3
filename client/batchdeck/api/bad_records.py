"""Searches for the records of an object that a model does not take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import cast

from batchdeck.api.part import Part, word
from batchdeck.errors import TimedOut
from batchdeck.types import SearchAnswer, SearchPlanAnswer

#: The states in which small jobs run.
UNDER_WAY = frozenset({"SEARCHING", "REST"})
#: Seconds between two looks at a search.
_PAUSE = 2.0


class BadRecords(Part):
    """Searches in the objects of jobs that ended."""

    def list(self, job: str) -> Iterator[SearchAnswer]:
        """The searches in objects of a job, newest first."""
        return self._rows(f"jobs/{word(job)}/bad-records/")

    def plan(self, job: str, key: str) -> SearchPlanAnswer:
        """What a search in the object `key` would run, how long and for how much."""
        answer = self._transport.call("POST", f"jobs/{word(job)}/bad-records/plan/", body={"object": key})
        return cast("SearchPlanAnswer", answer)

    def find(self, job: str, key: str) -> SearchAnswer:
        """Begin a search in the object `key`."""
        answer = self._transport.call("POST", f"jobs/{word(job)}/bad-records/", body={"object": key})
        return cast("SearchAnswer", answer)

    def get(self, job: str, search: str) -> SearchAnswer:
        """How far a search is, and the records that it found."""
        return cast("SearchAnswer", self._transport.call("GET", _address(job, search)))

    def wait(
        self,
        job: str,
        search: str,
        *,
        timeout: float | None = None,
        look: Callable[[SearchAnswer], None] = lambda search: None,
    ) -> SearchAnswer:
        """The search once no small job is under way; `look` is called with each answer. Raises TimedOut."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            answer = self.get(job, search)
            look(answer)
            if answer["state"] not in UNDER_WAY:
                return answer
            if until is not None and time.monotonic() >= until:
                raise TimedOut(f"{search} is still {answer['state']} after {timeout:g} s.")
            time.sleep(_PAUSE)

    def stop(self, job: str, search: str) -> SearchAnswer:
        """Stop a search with its small job."""
        return cast("SearchAnswer", self._transport.call("POST", f"{_address(job, search)}stop/"))

    def run_without(self, job: str, search: str) -> SearchAnswer:
        """Run the object without its bad records, and write its output, unless one is there."""
        return cast("SearchAnswer", self._transport.call("POST", f"{_address(job, search)}run/"))


def _address(job: str, search: str) -> str:
    return f"jobs/{word(job)}/bad-records/{word(search)}/"
