"""JSON and JSON Lines for DataProcessing. Records that are not filtered keep their bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from transform.formats import InferenceMark, RecordError, lines_of
from transform.jsonpath import JsonPath, NotInRecord

INPUT = "SageMakerInput"
OUTPUT = "SageMakerOutput"
INFERENCE_ID = "SageMakerInferenceId"
INFERENCE_TIME = "SageMakerInferenceTime"

_SPACE = b" \t\r\n"
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ascii = json.JSONEncoder(separators=(",", ":")).encode


class Json:
    """application/json: each request and each answer is one document."""

    name = "JSON"

    def records(self, text: bytes) -> list[bytes]:
        """The document, or nothing for white space only. Line ends in it become spaces."""
        document = text.strip(_SPACE).replace(b"\r\n", b" ").replace(b"\n", b" ")
        return [document] if document else []

    def filtered(self, records: list[bytes], path: JsonPath, *, of_answer: bool) -> list[bytes]:
        """The selection of the path in each document, as JSON. Raises RecordError."""
        if not path.steps:
            return records
        return [
            _selected(path, self._value(record, number, of_answer), number)
            for number, record in enumerate(records, start=1)
        ]

    def joined(self, inputs: list[bytes], answers: list[bytes], path: JsonPath) -> list[bytes]:
        """The answer as SageMakerOutput in an input that is an object; else both in a new object.

        Raises RecordError. Source: "Associate prediction results with input records", developer guide.
        """
        out = []
        for number, (record, answer) in enumerate(zip(inputs, answers, strict=True), start=1):
            value = self._value(record, number, of_answer=False)
            prediction = self._value(answer, number, of_answer=True)
            if path.steps:
                out.append(_selected(path, _joined(value, prediction), number))
            elif isinstance(value, dict):
                out.append(_with_members(record, value, {OUTPUT: answer}))
            else:
                out.append(_with_members(b"{}", {}, {INPUT: record, OUTPUT: answer}))
        return out

    def marked(self, records: list[bytes], marks: Sequence[InferenceMark]) -> list[bytes]:
        """Each object with the mark as two more members; any other value becomes SageMakerOutput first."""
        out = []
        for number, (record, mark) in enumerate(zip(records, marks, strict=True), start=1):
            value = self._value(record, number, of_answer=True)
            members = {
                INFERENCE_ID: _write(mark.inference_id),
                INFERENCE_TIME: _write(mark.inference_time),
            }
            if isinstance(value, dict):
                out.append(_with_members(record, value, members))
            else:
                out.append(_with_members(b"{}", {}, {OUTPUT: record, **members}))
        return out

    def _value(self, record: bytes, number: int, of_answer: bool) -> Any:
        # A RecursionError is what too deep a nesting ends in.
        try:
            return json.loads(record.decode())
        except (ValueError, RecursionError) as error:
            subject = "output from the algorithm" if of_answer else "input"
            raise RecordError(
                f"Failed to parse {subject} as {self.name}: {error}", of_answer=of_answer, record=number
            ) from error


class JsonLines(Json):
    """application/jsonlines: a document a line."""

    name = "JSON Lines"

    def records(self, text: bytes) -> list[bytes]:
        """The lines that are not empty."""
        return [record for line in lines_of(text) if (record := line.strip(_SPACE))]


def _joined(value: Any, prediction: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {**value, OUTPUT: prediction}
    return {INPUT: value, OUTPUT: prediction}


def _selected(path: JsonPath, value: Any, number: int) -> bytes:
    try:
        return _write(path.select(value))
    except NotInRecord as error:
        raise RecordError(f"Record {number} of the request: {error}", record=number) from error


def _with_members(record: bytes, value: dict[str, Any], members: dict[str, bytes]) -> bytes:
    """The object with these members, JSON texts, at its end, in place of members of the same names."""
    if not value.keys().isdisjoint(members):
        value = {name: inner for name, inner in value.items() if name not in members}
        record = _write(value)
    added = b",".join(b'"%b":%b' % (name.encode(), text) for name, text in members.items())
    return b"%b%b%b}" % (record.rstrip(_SPACE)[:-1], b"," if value else b"", added)


def _write(value: Any) -> bytes:
    try:
        return _compact(value).encode()
    except UnicodeEncodeError:
        return _ascii(value).encode()  # Half of a surrogate pair, which UTF-8 cannot hold.
