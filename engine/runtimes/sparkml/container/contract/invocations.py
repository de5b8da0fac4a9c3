"""Answering requests as the container's controller does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..mleap.faults import BadRow
from ..mleap.pipeline import Pipeline
from .answers import choose_accept, content_type, join_answers, write_answer
from .rows import csv_row, make_table, read_csv, read_lines, read_request
from .schema import BadRequest, DataSchema, parse_schema, read_schema

SCHEMA_VARIABLE = "SAGEMAKER_SPARKML_SCHEMA"
_ACCEPT_VARIABLE = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"


@dataclass(frozen=True, slots=True)
class ContainerAnswer:
    """An HTTP status, a body and its content type."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


class Invocations:
    """Answers requests with a pipeline."""

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str] = os.environ) -> None:
        self._pipeline = pipeline
        self._schema_text = environment.get(SCHEMA_VARIABLE)
        self._default_accept = environment.get(_ACCEPT_VARIABLE)
        self._default_schema: DataSchema | None = None
        self._has_warned = False

    def answer(self, body: bytes, request_type: str, accept_header: str) -> ContainerAnswer:
        """Answer one request. Every error in its data is a 400 with its text."""
        if not body:
            return ContainerAnswer(204)
        kind = request_type.partition(";")[0].strip().lower()
        answering = {
            "text/csv": self._answer_csv,
            "application/json": self._answer_json,
            "application/jsonlines": self._answer_lines,
        }.get(kind)
        if answering is None:
            return _unsupported(request_type)
        try:
            accept = choose_accept(accept_header, self._default_accept)
            return ContainerAnswer(
                200, answering(body, accept).encode(errors="replace"), content_type(accept)
            )
        except (BadRequest, BadRow) as error:
            sys.stderr.write(f"Error in processing current request: {error}\n")
            return ContainerAnswer(400, str(error).encode(errors="replace"))

    def _answer_csv(self, body: bytes, accept: str) -> str:
        schema = self._schema(None)
        cells, records = read_csv(body)
        if records > 1 and not self._has_warned:
            self._has_warned = True
            sys.stdout.write(
                f"A request has {records} records: this container answers the first and leaves out the others. "
                "Use the SingleRecord strategy with SplitType Line.\n"
            )
        return self._predict(csv_row(cells, schema), schema, accept)

    def _answer_json(self, body: bytes, accept: str) -> str:
        described, row = read_request(body)
        return self._predict(row, self._schema(described), accept)

    def _answer_lines(self, body: bytes, accept: str) -> str:
        described, rows = read_lines(body)
        schema = self._schema(described)
        return join_answers([self._predict(row, schema, accept) for row in rows])

    def _predict(self, row: list[Any], schema: DataSchema, accept: str) -> str:
        table = make_table(row, schema)
        self._pipeline.run(table)
        return write_answer(table, schema.output, accept)

    def _schema(self, described: Any) -> DataSchema:
        """The request's schema, or else the environment's."""
        if described is not None:
            return read_schema(described)
        if self._default_schema is None:
            self._default_schema = parse_schema(self._schema_text)
        return self._default_schema


def _unsupported(request_type: str) -> ContainerAnswer:
    fault = {
        "status": 415,
        "error": "Unsupported Media Type",
        "message": f"Content type '{request_type}' not supported",
        "path": "/invocations",
    }
    return ContainerAnswer(415, json.dumps(fault).encode(), "application/json")
