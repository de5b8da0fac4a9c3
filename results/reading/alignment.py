"""Which part of an output belongs to which part of its input, by the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from transform.dataprocessing import media_type

Kind = Literal["rows", "loose", "blob", "whole"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How input and output are shown, and `why` they cannot be matched row by row; empty if they can.

    `rows`: row n of the output is the answer to record n. `loose`: both have rows, shown by number, which need not
    belong together. `blob`: the input has records, the output is one piece. `whole`: one answer to the whole file.
    """

    kind: Kind
    why: str = ""

    @property
    def has_rows(self) -> bool:
        """Whether the output is shown row by row."""
        return self.kind in ("rows", "loose")


_WHOLE = (
    "SplitType is None: the file went to the model in one piece, and its output is the answer to the whole file. "
    "Set it to Line to get an answer for each row."
)
_BLOB = (
    "AssembleWith is None: the answers follow each other with nothing between them, so it is not known which part of "
    "the output answers which record. Set it to Line to get one answer in each row."
)
_DOCUMENTS = (
    "The model was asked for JSON with several records in a call: one answer may hold the predictions of many records, "
    "so rows are shown by number only. Strategy SingleRecord, or Accept application/jsonlines, gives one answer in "
    "each row."
)


def alignment_of(spec: Mapping[str, Any]) -> Alignment:
    """The alignment of a request's input and output; `spec` has the SDK's field names."""
    if spec.get("split_type") in (None, "None"):
        return Alignment("whole", _WHOLE)
    if spec.get("assemble_with") != "Line":
        return Alignment("blob", _BLOB)
    answers = media_type(spec.get("accept") or spec.get("content_type"))
    if answers == "application/json" and spec.get("strategy") != "SingleRecord":
        return Alignment("loose", _DOCUMENTS)
    return Alignment("rows")
