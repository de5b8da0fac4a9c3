"""The names of columns that a person gave once for a model, for objects without a header."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.models import TransformJob
from results.models import ColumnNames
from results.reading.objects import Side


@dataclass(frozen=True, slots=True)
class GivenNames:
    """The names of a model's input and output columns, in their order; empty if nobody gave them."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


def given_names(job: TransformJob) -> GivenNames:
    """The names for the job's model."""
    rows = ColumnNames.objects.filter(connection=job.connection, model_name=job.model_name)
    row = rows.first()
    return GivenNames(tuple(row.input), tuple(row.output)) if row else GivenNames()


def name_columns(job: TransformJob, input_side: Side | None, output_side: Side) -> None:
    """Set the names of sides of CSV without a header. A whole joined line has the input's names first."""
    names = given_names(job)
    if input_side is not None and input_side.form == "csv" and not input_side.columns:
        input_side.columns = names.input
    if output_side.form != "csv" or output_side.columns:
        return
    joined = job.spec.get("join_source") == "Input" and job.spec.get("output_filter") in (None, "", "$")
    before = input_side.columns if joined and input_side is not None else ()
    if names.output and (before or not joined):
        output_side.columns = before + names.output
