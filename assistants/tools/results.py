"""Tools about what a job wrote: log, records and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistants.tool import UNTRUSTED, BadArguments, Caller, Tool, number, text
from assistants.tools.jobs import ID, find_job
from jobs.services.errors import NoSuchPlace
from results import job_outputs, logs
from results.reading import pages

#: Characters of a line of the log, and of a record, that are sent.
LONGEST_LINE, LONGEST_RECORD = 500, 1000
_OBJECT = {"type": "object"}
_TEXT = {"type": "string"}
_MARKED = {"untrusted": _OBJECT, "notice": _TEXT}


def _log(
    caller: Caller,
    *,
    job: str,
    stream: str = logs.ALL,
    search: str = "",
    errors: bool = False,
    before: str = "",
    limit: int = 50,
) -> Mapping[str, Any]:
    try:
        page = logs.page(
            find_job(caller, job), stream=stream, search=search, errors=errors, before=before, limit=limit
        )
    except NoSuchPlace as error:
        raise BadArguments("before: It must be taken from a result of this tool.") from error
    lines = [
        {"at": line.at.isoformat(), "stream": line.stream, "text": line.text[:LONGEST_LINE]}
        for line in page.lines[-limit:]
    ]
    return {
        "stream": page.stream,
        "streams": [row.label for row in page.streams][:100],
        "note": page.note,
        "before": page.before,
        "untrusted": {"lines": lines},
        "notice": UNTRUSTED,
    }


def _records(
    caller: Caller, *, job: str, file: str = "", first: int = 1, limit: int = 20, filter: str = ""
) -> Mapping[str, Any]:
    rows_page = pages.page(find_job(caller, job), name=file, first=first, limit=limit, text=filter)
    page = pages.as_values(rows_page)
    rows = [
        {
            "row": row["row"],
            "prediction": row["prediction"],
            "input": _record(row["input"]),
            "output": _record(row["output"]),
        }
        for row in page["results"]
    ]
    facts = ("file", "alignment", "why", "rows_in", "rows_out", "warnings", "trouble", "looked")
    return {
        **{name: page[name] for name in facts},
        "more": bool(rows_page.next),
        "untrusted": {"records": rows},
        "notice": UNTRUSTED,
    }


def _record(side: Mapping[str, Any] | None) -> str | None:
    return None if side is None else str(side["text"])[:LONGEST_RECORD]


def _outputs(caller: Caller, *, job: str, after: str = "", limit: int = 50) -> Mapping[str, Any]:
    page = job_outputs.outputs(find_job(caller, job), after=after, limit=limit)
    rows = [
        {
            "key": output.key,
            "input_key": output.input_key,
            "size": output.size,
            "rows_in": output.rows_in,
            "rows_out": output.rows_out,
        }
        for output in page.outputs
    ]
    return {"untrusted": {"outputs": rows}, "next": page.next, "notice": UNTRUSTED}


TOOLS = (
    Tool(
        name="read_log",
        title="Read a job's log",
        description="The end of a job's log in CloudWatch, or the lines before a place. Search is for an exact text; "
        "`errors` keeps only errors with their tracebacks.",
        act=_log,
        arguments={
            "job": ID,
            "stream": text("One of `streams` of a result; all of them if left out.", 200),
            "search": text("Only lines with exactly this text.", logs.LONGEST_SEARCH),
            "errors": {"type": "boolean", "description": "Only errors.", "default": False},
            "before": text("`before` of a result: the lines before those.", 200),
            "limit": number("How many lines.", most=100, default=50),
        },
        required=("job",),
        result={
            "stream": _TEXT,
            "streams": {"type": "array", "items": _TEXT},
            "note": _TEXT,
            "before": _TEXT,
            **_MARKED,
        },
    ),
    Tool(
        name="read_records",
        title="Read records with their predictions",
        description="Input records of one file beside the output rows with the same numbers. `filter` is a comparison "
        "with the prediction such as > 0.5, with a column such as age >= 30, or a text in the row.",
        act=_records,
        arguments={
            "job": ID,
            "file": text("An input's key; the first with an output if left out.", 1024),
            "first": number("The first row, counted from 1.", most=10**12, default=1),
            "limit": number("How many rows.", most=50, default=20),
            "filter": text("Which rows.", 200),
        },
        required=("job",),
        result={
            "file": {"type": ["string", "null"]},
            "alignment": _TEXT,
            "why": _TEXT,
            "rows_in": {"type": ["integer", "null"]},
            "rows_out": {"type": ["integer", "null"]},
            "warnings": {"type": "array", "items": _TEXT},
            "trouble": _TEXT,
            "looked": {"type": "integer"},
            "more": {"type": "boolean"},
            **_MARKED,
        },
    ),
    Tool(
        name="list_outputs",
        title="List a job's outputs",
        description="The output objects that exist, in the order of their keys. Send `next` as `after` for more.",
        act=_outputs,
        arguments={
            "job": ID,
            "after": text("`next` of the last result.", 1024),
            "limit": number("How many outputs.", most=100, default=50),
        },
        required=("job",),
        result={"next": _TEXT, **_MARKED},
    ),
)
