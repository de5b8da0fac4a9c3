"""Checks of what a job sends to the model: types, splitting, compression, sizes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from jobs.lifecycle.converting.names import MAGIC, is_parquet_name
from jobs.models import Conversion
from jobs.services.submitting.preflight import records
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestValues
from jobs.services.texts import filesize
from transform.csv_head import header_of, whole_lines
from transform.dataprocessing import media_type
from transform.request_fields import MAX_PAYLOAD_MB

#: SageMaker's default of MaxPayloadInMB.
DEFAULT_PAYLOAD_MB = 6
_MB = 1024 * 1024
#: Characters of a header that a finding quotes.
_HEADER_SHOWN = 60
_TYPE_OF = {
    ".csv": "text/csv",
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".json": "application/json",
    ".libsvm": "text/libsvm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}
_JSONS = {"application/json", "application/jsonlines"}
_OF_LINES = ("text/csv", "application/jsonlines", "text/libsvm")


def content_type(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The content type should agree with the objects' names."""
    suffix = _suffix(inspection)
    usual, media = _TYPE_OF.get(suffix, ""), media_type(request.text("content_type"))
    if not media:
        text = "Without a content type the model has to guess what it is sent."
        fix = {"content_type": usual} if usual else None
        yield Finding("content_type_missing", FindingLevel.NOTE, "content_type", text, fix=fix)
    elif usual and media != usual and media in _TYPE_OF.values() and {media, usual} != _JSONS:
        text = f"The objects end in {suffix}, but the model is told {media}."
        yield Finding(
            "content_type_differs",
            FindingLevel.WARNING,
            "content_type",
            text,
            fix={"content_type": usual},
            about=("data",),
        )


def parquet(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """SageMaker cuts text and RecordIO into records, no Parquet; a model reads a whole file at best."""
    if not _is_parquet(inspection):
        return
    conversion = _current_conversion(inspection)
    sentence = (
        "The objects are Parquet files, which batch transform cannot split into records. Convert them to CSV or JSON "
        "Lines, unless the model reads whole Parquet files: then split by none."
    )
    if conversion is not None and conversion.is_under_way:
        sentence += f" A conversion to {conversion.output} is under way, {conversion.share:.0%} done."
    yield Finding(
        "parquet",
        FindingLevel.ERROR if request.is_split else FindingLevel.WARNING,
        "data",
        sentence,
        fix=conversion.as_input if conversion is not None and not conversion.is_under_way else None,
        about=("split_type",),
    )


def _is_parquet(inspection: Inspection) -> bool:
    is_named = inspection.first is not None and is_parquet_name(inspection.first.key)
    return is_named or inspection.beginning.startswith(MAGIC)


def _current_conversion(inspection: Inspection) -> Conversion | None:
    """The input's conversion, unless an object was written after it was begun."""
    conversion, inputs = inspection.conversion, inspection.inputs
    if conversion is None or inputs is None:
        return None
    is_older = any(remote_object.modified > conversion.created_at for remote_object in inputs.objects)
    return None if is_older else conversion


def splitting(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Lines should be split; documents and pictures should not."""
    media = media_type(request.text("content_type"))
    kind = media or _TYPE_OF.get(_suffix(inspection), "")
    split = request.text("split_type")
    if not request.is_split and kind in _OF_LINES:
        yield Finding(
            "not_split",
            FindingLevel.WARNING,
            "split_type",
            "Each object goes to the model in one call, however many lines it has, and one bad line loses them all.",
            fix={"split_type": "Line"},
            about=("content_type",),
        )
    elif split == "Line" and (
        kind.startswith("image/") or (_suffix(inspection) == ".json" and _is_document(inspection))
    ):
        yield Finding(
            "split_document",
            FindingLevel.WARNING,
            "split_type",
            "The objects do not consist of lines, so they would be cut to pieces.",
            fix={"split_type": "None"},
            about=("content_type", "data"),
        )
    if request.text("strategy") == "MultiRecord" and not request.is_split:
        text = "MultiRecord has no effect as long as objects are not split."
        yield Finding("strategy_unused", FindingLevel.NOTE, "strategy", text)


def assembling(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Answers of many calls that are joined without line ends can rarely be separated."""
    answers = media_type(request.text("accept")) or media_type(request.text("content_type"))
    if request.text("split_type") == "Line" and request.text("assemble_with") in ("", "None"):
        if answers in _OF_LINES:
            yield Finding(
                "assembled_without_lines",
                FindingLevel.WARNING,
                "assemble_with",
                "The answers are joined without a line end between them.",
                fix={"assemble_with": "Line"},
                about=("accept", "content_type", "split_type"),
            )
    elif request.text("assemble_with") == "Line" and not request.is_split and answers not in _OF_LINES:
        text = "Each object has one answer, so there is nothing to put on lines."
        yield Finding("assembled_needlessly", FindingLevel.NOTE, "assemble_with", text)


def compression(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Gzip is unpacked only if the request says so, and then every object must be a gzip."""
    keys = (
        [remote_object.key for remote_object in inspection.inputs.objects if remote_object.size]
        if inspection.inputs
        else []
    )
    packed = sum(key.endswith(".gz") and not key.endswith(".tar.gz") for key in keys)
    gzip = request.text("compression_type") == "Gzip"
    if packed and not gzip:
        text = f"{packed:,} of the objects end in .gz, and nothing would unpack them before the model."
        fix = {"compression_type": "Gzip"}
    elif keys and gzip and packed < len(keys) and (packed or not inspection.packed):
        text = f"{len(keys) - packed:,} of the objects do not end in .gz; a job fails on one that is not compressed."
        fix = {"compression_type": "None"}
    else:
        return
    yield Finding(
        "compression_differs",
        FindingLevel.WARNING,
        "compression_type",
        text,
        fix=fix if packed in (0, len(keys)) else None,
        about=("data",),
    )


def packing(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The first object's bytes may contradict its name about gzip."""
    gzip = request.text("compression_type") == "Gzip"
    if (
        inspection.first is None
        or inspection.packed in (None, gzip)
        or inspection.packed == inspection.first.key.endswith(".gz")
    ):
        return
    name = inspection.first.key.rsplit("/", 1)[-1][-60:]
    text = (
        f"{name} is not gzip, whatever its name says, and a job fails on what it cannot unpack."
        if gzip
        else f"{name} is gzip, whatever its name says, and nothing would unpack it before the model."
    )
    fix = {"compression_type": "None" if gzip else "Gzip"}
    yield Finding("gzip_differs", FindingLevel.WARNING, "compression_type", text, fix=fix, about=("data",))


def payload(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """An object that is not split goes in one call, of at most MaxPayloadInMB."""
    max_payload = request.number("max_payload")
    most = DEFAULT_PAYLOAD_MB if max_payload is None else max_payload
    if most == 0:
        text = "0 sends bodies of any size in chunks, which SageMaker's own algorithms do not take."
        yield Finding("payload_unlimited", FindingLevel.NOTE, "max_payload", text)
        return
    if request.is_split or not inspection.inputs or not inspection.inputs.objects:
        return
    largest = max(inspection.inputs.objects, key=lambda remote_object: remote_object.size)
    if largest.size <= most * _MB:
        return
    name = largest.key.rsplit("/", 1)[-1]
    text = f"{name[-60:]} is {filesize(largest.size)} and goes in one call; a call may have {most} MB."
    needed = math.ceil(largest.size / _MB)
    concurrent = max(1, request.number("max_concurrent_transforms") or 1)
    fix = {"max_payload": needed} if needed * concurrent <= MAX_PAYLOAD_MB else None
    yield Finding("object_too_large", FindingLevel.ERROR, "max_payload", text, fix=fix)


def records_size(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """A record is never cut, so each must fit into a call."""
    max_payload = request.number("max_payload")
    most = DEFAULT_PAYLOAD_MB if max_payload is None else max_payload
    if request.text("split_type") != "Line" or not inspection.head or not most:
        return
    longest = records.longest_line(inspection.head)
    if longest <= most * _MB:
        return
    needed = math.ceil(longest / _MB)
    least = "" if b"\n" in inspection.head else "at least "
    text = f"A line of the first object is {least}{filesize(longest)} long; a call may have {most} MB."
    concurrent = max(1, request.number("max_concurrent_transforms") or 1)
    fits = not least and needed * concurrent <= MAX_PAYLOAD_MB
    fix = {"max_payload": needed} if fits else None
    yield Finding("record_too_large", FindingLevel.ERROR, "max_payload", text, fix=fix, about=("data",))


def instances(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """An object goes to one instance, so further instances than objects would idle."""
    count, input_list = request.number("instance_count") or 1, inspection.inputs
    if input_list is None or not input_list.objects or input_list.more or count <= len(input_list.objects):
        return
    idle = count - len(input_list.objects)
    yield Finding(
        "idle_instances",
        FindingLevel.WARNING,
        "instance_count",
        f"An object is read by one instance, so {idle} of {count} would idle and cost all the same.",
        fix={"instance_count": len(input_list.objects)},
        about=("data",),
    )


def limits(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The limits that the job exceeds, or for which it would wait."""
    count = request.number("instance_count") or 1
    for limit in inspection.limits:
        bound = "the account's quota" if limit.of_account else "the limit of this connection"
        if count > limit.most:
            fix = {"instance_count": limit.most} if limit.most else None
            text = f"The job needs {count} {limit.what} and {bound} is {limit.most}, so it would never start."
            field = "instance_count" if limit.most else "instance_type"
            yield Finding("over_limit", FindingLevel.ERROR, field, text, fix=fix, about=("instance_type",))
            return
        if limit.used + count > limit.most:
            text = f"It would wait: {limit.used} of {limit.most} {limit.what} are in use, by {bound}."
            yield Finding("would_wait", FindingLevel.NOTE, "instance_type", text)
            return


def encoding(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Text is sent byte for byte: a byte order mark or another encoding reaches the model."""
    kind = media_type(request.text("content_type")) or _TYPE_OF.get(_suffix(inspection), "")
    if inspection.first is None or _is_parquet(inspection):
        return
    if not (kind in _JSONS or kind.startswith("text/")):
        return
    name = inspection.first.key.rsplit("/", 1)[-1][-60:]
    mark = records.mark_of(inspection.beginning)
    if mark == "UTF-8":
        text = (
            f"{name} begins with a byte order mark (EF BB BF), which is sent to the model as part of the first value. "
            'Write the file without it: in Python encoding="utf-8" instead of "utf-8-sig", in Excel "CSV" rather than '
            '"CSV UTF-8".'
        )
        yield Finding("byte_order_mark", FindingLevel.WARNING, "data", text, about=("content_type",))
    elif mark:
        text = f"{name} is {mark} text; records are cut and models read it as UTF-8. Write the file in UTF-8."
        yield Finding("not_utf8", FindingLevel.WARNING, "data", text, about=("content_type",))
    elif line := records.line_not_utf8(inspection.beginning):
        text = f"Line {line} of {name} is not UTF-8, as most models expect; it may be Latin-1. Write it in UTF-8."
        yield Finding("not_utf8", FindingLevel.WARNING, "data", text, about=("content_type",))


def lines(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The first lines of the first object should be records."""
    kind = media_type(request.text("content_type")) or _TYPE_OF.get(_suffix(inspection), "")
    if not inspection.head or _is_parquet(inspection):
        return
    if kind == "text/csv":
        if header_of(inspection.head):
            header = whole_lines(inspection.head)[0][:_HEADER_SHOWN]
            text = (
                f"The first line looks like names of columns, and the model is sent it as a record: {header}"
            )
            yield Finding("csv_header", FindingLevel.WARNING, "data", text)
        if number := records.line_in_quotes(inspection.head):
            text = f"A quoted value continues after line {number}; a transform job cuts records at every line end."
            yield Finding("csv_line_in_quotes", FindingLevel.WARNING, "data", text)
    elif kind in _JSONS and records.is_no_json_line(inspection.head) and _suffix(inspection) != ".json":
        text = "The first line is not a complete JSON value; with Line each line has to be a record."
        yield Finding(
            "json_no_lines", FindingLevel.WARNING, "split_type", text, about=("data", "content_type")
        )


def _suffix(inspection: Inspection) -> str:
    """The most frequent suffix of the objects' names, without .gz; empty if it is none."""
    if inspection.inputs is None:
        return ""
    counted: Counter[str] = Counter()
    for remote_object in inspection.inputs.objects:
        name = remote_object.key.rsplit("/", 1)[-1].lower().removesuffix(".gz")
        counted[name[name.rfind(".") :] if "." in name else ""] += 1
    return counted.most_common(1)[0][0] if counted else ""


def _is_document(inspection: Inspection) -> bool:
    return not inspection.head or b"\n" not in inspection.head or records.is_no_json_line(inspection.head)
