"""The interface of data formats for DataProcessing: cut into records, filter, join, mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transform.jsonpath import JsonPath


class RecordError(ValueError):
    """A record that cannot be processed; its object fails. The message is for the data log.

    `of_answer` is true if the model's answer is at fault, false if the input or a filter is. `record` is the record's
    number in the request, from 1; None if it is not known.
    """

    def __init__(self, message: str, *, of_answer: bool = False, record: int | None = None) -> None:
        super().__init__(message)
        self.of_answer = of_answer
        self.record = record


@dataclass(frozen=True, slots=True)
class InferenceMark:
    """What GenerateInferenceId adds to a record of output."""

    inference_id: str
    inference_time: str


class Format(Protocol):
    """One data format. Records are bytes without their line ends; where `of_answer` is true they came from a model."""

    def records(self, text: bytes) -> list[bytes]:
        """The records of one request or answer. Empty lines are skipped."""

    def filtered(self, records: list[bytes], path: JsonPath, *, of_answer: bool) -> list[bytes]:
        """The selection of the path in each record. Raises RecordError."""

    def joined(self, inputs: list[bytes], answers: list[bytes], path: JsonPath) -> list[bytes]:
        """Each input joined with its answer, and the selection of the path in the result. Raises RecordError."""

    def marked(self, records: list[bytes], marks: Sequence[InferenceMark]) -> list[bytes]:
        """Each record with its mark. Raises RecordError."""


def lines_of(text: bytes) -> list[bytes]:
    """The lines that are not empty, without line feed or carriage return at the end."""
    lines = text.split(b"\n")
    if b"\r" in text:
        lines = [line.removesuffix(b"\r") for line in lines]
    if not lines[-1]:
        lines.pop()
    return [line for line in lines if line] if b"" in lines else lines
