"""DataProcessing: which part of a record the model gets, and what the output keeps of input and answer.

InputFilter, the model, the join of the *raw* input with the answer, OutputFilter, in that order ("Associate
prediction results with input records", developer guide). Everything that can be known before the first record
is worked out once; a request and its answer are then taken as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transform.csv_rows import Csv
from transform.formats import Format, InferenceMark, RecordError, lines_of
from transform.json_records import Json, JsonLines
from transform.jsonpath import JsonPath, parse

FORMATS: dict[str, Format] = {
    "text/csv": Csv(),
    "application/json": Json(),
    "application/jsonlines": JsonLines(),
}

NewMark = Callable[[], InferenceMark]


@dataclass(frozen=True, slots=True)
class DataProcessing:
    """The processing of every request of a job and of its answer.

    `content` and `accept` are their formats. `mark` makes the InferenceMark of a record.
    """

    content: Format | None
    accept: Format | None
    input_filter: JsonPath
    output_filter: JsonPath
    join: bool = False
    mark: NewMark | None = None

    def __post_init__(self) -> None:
        if (self.input_filter.steps or self.join) and self.content is None:
            raise ValueError("ContentType must be one of " + ", ".join(FORMATS))
        if self._touches_answers and self.accept is None:
            raise ValueError("Accept must be one of " + ", ".join(FORMATS))

    @property
    def does_nothing(self) -> bool:
        """Whether requests and answers stay as they are."""
        return not self.input_filter.steps and not self._touches_answers

    @property
    def _touches_answers(self) -> bool:
        return bool(self.join or self.output_filter.steps or self.mark)

    def request(self, payload: bytes) -> bytes | None:
        """The body to send for a payload; None when there is no record in it. Raises RecordError."""
        if self.content is None or self.does_nothing:
            return payload
        records = self.content.records(payload)
        if not records or not self.input_filter.steps:
            return payload if records else None
        return _ended(self.content.filtered(records, self.input_filter, of_answer=False), payload)

    def result(self, payload: bytes, answer: bytes) -> bytes:
        """The output for the model's answer to a payload. Raises RecordError."""
        if self.accept is None or not self._touches_answers:
            return answer
        records = self.accept.records(answer)
        if self.join:
            records = self._joined(payload, records)
        else:
            records = self.accept.filtered(records, self.output_filter, of_answer=True)
        if self.mark:
            records = self.accept.marked(records, [self.mark() for _ in records])
        return _ended(records, answer)

    def keeps_numbers(self, payload: bytes, answer: bytes | None) -> bool:
        """Whether record n, in the payload and in the answer if there is one, is the payload's line n.

        Empty lines do not count.
        """
        counts = {len(lines_of(payload))}
        if self.content is not None:
            counts.add(len(self.content.records(payload)))
        if self.accept is not None and answer is not None:
            counts.add(len(self.accept.records(answer)))
        return len(counts) == 1

    def _joined(self, payload: bytes, answers: list[bytes]) -> list[bytes]:
        assert self.content is not None, "a join has a format"
        inputs = self.content.records(payload)
        if len(inputs) != len(answers):
            raise RecordError(
                f"Failed to join: the request has {len(inputs)} records, the algorithm's output {len(answers)}",
                of_answer=True,
            )
        return self.content.joined(inputs, answers, self.output_filter)


def data_processing(
    *,
    content_type: str | None = None,
    accept: str | None = None,
    input_filter: str | None = None,
    output_filter: str | None = None,
    join_source: str | None = None,
    range_end_included: bool = False,
    mark: NewMark | None = None,
) -> DataProcessing:
    """Make it from the request's fields, under the API's names. Raises BadPath, and ValueError for an unknown type."""
    return DataProcessing(
        content=FORMATS.get(media_type(content_type)),
        accept=FORMATS.get(media_type(accept)),
        input_filter=parse(input_filter or "$", end_included=range_end_included),
        output_filter=parse(output_filter or "$", end_included=range_end_included),
        join=join_source == "Input",
        mark=mark,
    )


def media_type(value: str | None) -> str:
    """`text/csv` of `text/csv; charset=utf-8`; empty for None."""
    return (value or "").partition(";")[0].strip().lower()


def _ended(records: list[bytes], like: bytes) -> bytes:
    """The records as lines; the last one ends in a line feed if `like` does."""
    text = b"\n".join(records)
    return text + b"\n" if records and like.endswith(b"\n") else text
