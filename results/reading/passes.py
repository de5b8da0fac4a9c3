"""The pairs of a file in passes of bounded bytes and time, and those of all files of a job one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aws import Rejected, Target
from jobs.models import TransformJob
from results.reading import pairing
from results.reading.columns import name_columns
from results.reading.files import ResultFile, file_of
from results.reading.objects import Side, input_side, output_side
from results.reading.pairing import Pair

#: Bytes of an object in one pass.
PASS_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class RowPass:
    """The pairs from row `first` on, for one pass; afterwards `next` is the row to go on with, None at the end.

    `trouble` says why the rows after `looked` cannot be read. Without `has_input` only the output is read.
    """

    job: TransformJob
    file: ResultFile
    target: Target
    first: int = 1
    has_input: bool = True
    looked: int = 0
    next: int | None = None
    trouble: str = ""
    output: Side = field(init=False)
    input: Side = field(init=False)

    def __iter__(self) -> Iterator[Pair]:
        start = self.looked = self.first - 1
        self.output = output_side(self.job, self.file, self.target)
        self.input = Side("input", "", "unknown")
        if self.has_input:
            self.input = input_side(self.job, self.file, self.target)
        name_columns(self.job, self.input, self.output)
        inputs = self.input.rows(self.file, start, PASS_BYTES)
        outputs = self.output.rows(self.file, start, PASS_BYTES)
        for pair in pairing.pairs(self.job.spec, start, (self.input, inputs), (self.output, outputs)):
            self.looked = pair.number
            yield pair
        self.input.learn(self.file, inputs)
        self.output.learn(self.file, outputs)
        readers = [rows for rows in (inputs, outputs) if rows is not None]
        if self.output.state not in ("ok", "empty"):
            self.trouble = self.output.trouble
        else:
            troubles = (
                rows.trouble or ("A row was not reached." if rows.too_far else "") for rows in readers
            )
            self.trouble = next(filter(None, troubles), "")
        goes_on = self.looked > start and any(not rows.ended for rows in readers)
        self.next = self.looked + 1 if goes_on and not self.trouble else None


def file_pairs(
    job: TransformJob, target: Target, file: ResultFile, *, has_input: bool = True
) -> Iterator[Pair]:
    """The pairs of a file to its end. Raises a GatewayError, also for a file that breaks off."""
    first: int | None = 1
    while first is not None:
        row_pass = RowPass(job, file, target, first, has_input)
        yield from row_pass
        if row_pass.trouble:
            raise Rejected(f"{file.name}: {row_pass.trouble}")
        first = row_pass.next


def all_pairs(job: TransformJob, target: Target) -> Iterator[tuple[ResultFile, Pair]]:
    """The pairs of all files that have an output, in order. Raises as `file_pairs` does."""
    for planned in job.planned.filter(done=True).order_by("position").iterator(chunk_size=100):
        file = file_of(planned)
        yield from ((file, pair) for pair in file_pairs(job, target, file))
