"""Checks of what a job sends to the model: types, splitting, compression, sizes. As those of places."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from jobs.services.submitting.preflight import records
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestFields
from jobs.services.texts import filesize
from transform.csv_head import header_of, whole_lines
from transform.dataprocessing import media_type
from transform.request_fields import MAX_PAYLOAD_MB

#: What SageMaker takes where MaxPayloadInMB is not given.
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


def content_type(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """The names of the objects and the type that is said of them should agree."""
    suffix = _suffix(seen)
    usual, said = _TYPE_OF.get(suffix, ""), media_type(wanted.text("content_type"))
    if not said:
        text = "Without a content type the model has to guess what it is sent."
        fix = {"content_type": usual} if usual else None
        yield Finding("content_type_missing", FindingLevel.NOTE, "content_type", text, fix=fix)
    elif usual and said != usual and said in _TYPE_OF.values() and {said, usual} != _JSONS:
        text = f"The objects end in {suffix}, but the model is told {said}."
        yield Finding(
            "content_type_differs",
            FindingLevel.WARNING,
            "content_type",
            text,
            fix={"content_type": usual},
            about=("data",),
        )


def splitting(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Lines should be split, whole documents and pictures not."""
    said = media_type(wanted.text("content_type"))
    kind = said or _TYPE_OF.get(_suffix(seen), "")
    split = wanted.text("split_type")
    if not wanted.is_split and kind in _OF_LINES:
        yield Finding(
            "not_split",
            FindingLevel.WARNING,
            "split_type",
            "Each object goes to the model in one call, however many lines it has, and one bad line loses them all.",
            fix={"split_type": "Line"},
            about=("content_type",),
        )
    elif split == "Line" and (kind.startswith("image/") or (_suffix(seen) == ".json" and _is_document(seen))):
        yield Finding(
            "split_document",
            FindingLevel.WARNING,
            "split_type",
            "The objects are no lines, so they would be cut to pieces.",
            fix={"split_type": "None"},
            about=("content_type", "data"),
        )
    if wanted.text("strategy") == "MultiRecord" and not wanted.is_split:
        text = "MultiRecord has no effect as long as objects are not split."
        yield Finding("strategy_unused", FindingLevel.NOTE, "strategy", text)


def assembling(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Answers to many calls, glued together without a line end, can rarely be read again."""
    answers = media_type(wanted.text("accept")) or media_type(wanted.text("content_type"))
    if wanted.text("split_type") == "Line" and wanted.text("assemble_with") in ("", "None"):
        if answers in _OF_LINES:
            yield Finding(
                "assembled_without_lines",
                FindingLevel.WARNING,
                "assemble_with",
                "The answers are glued together with no line end between them.",
                fix={"assemble_with": "Line"},
                about=("accept", "content_type", "split_type"),
            )
    elif wanted.text("assemble_with") == "Line" and not wanted.is_split and answers not in _OF_LINES:
        text = "Each object has one answer, so there is nothing to put on lines."
        yield Finding("assembled_needlessly", FindingLevel.NOTE, "assemble_with", text)


def compression(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Gzip is undone only where it is asked for, and then expected of every object."""
    keys = [one.key for one in seen.inputs.objects if one.size] if seen.inputs else []
    packed = sum(key.endswith(".gz") and not key.endswith(".tar.gz") for key in keys)
    gzip = wanted.text("compression_type") == "Gzip"
    if packed and not gzip:
        text = f"{packed:,} of the objects end in .gz, and nothing would unpack them before the model."
        fix = {"compression_type": "Gzip"}
    elif keys and gzip and packed < len(keys) and (packed or not seen.packed):
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


def packing(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """The first object's own bytes may say otherwise of gzip than its name."""
    gzip = wanted.text("compression_type") == "Gzip"
    if seen.first is None or seen.packed in (None, gzip) or seen.packed == seen.first.key.endswith(".gz"):
        return
    name = seen.first.key.rsplit("/", 1)[-1][-60:]
    text = (
        f"{name} is not gzip, whatever its name says, and a job fails on what it cannot unpack."
        if gzip
        else f"{name} is gzip, whatever its name says, and nothing would unpack it before the model."
    )
    fix = {"compression_type": "None" if gzip else "Gzip"}
    yield Finding("gzip_differs", FindingLevel.WARNING, "compression_type", text, fix=fix, about=("data",))


def payload(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """An object that is not split goes in one call, which may not be larger than MaxPayloadInMB."""
    given = wanted.number("max_payload")
    most = DEFAULT_PAYLOAD_MB if given is None else given
    if most == 0:
        text = "0 sends bodies of any size in chunks, which SageMaker's own algorithms do not take."
        yield Finding("payload_unlimited", FindingLevel.NOTE, "max_payload", text)
        return
    if wanted.is_split or not seen.inputs or not seen.inputs.objects:
        return
    largest = max(seen.inputs.objects, key=lambda one: one.size)
    if largest.size <= most * _MB:
        return
    name = largest.key.rsplit("/", 1)[-1]
    text = f"{name[-60:]} is {filesize(largest.size)} and goes in one call; a call may have {most} MB."
    needed = math.ceil(largest.size / _MB)
    concurrent = max(1, wanted.number("max_concurrent_transforms") or 1)
    fix = {"max_payload": needed} if needed * concurrent <= MAX_PAYLOAD_MB else None
    yield Finding("object_too_large", FindingLevel.ERROR, "max_payload", text, fix=fix)


def records_size(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """A record is never cut, so each has to fit into a call."""
    given = wanted.number("max_payload")
    most = DEFAULT_PAYLOAD_MB if given is None else given
    if wanted.text("split_type") != "Line" or not seen.head or not most:
        return
    longest = records.longest_line(seen.head)
    if longest <= most * _MB:
        return
    needed = math.ceil(longest / _MB)
    least = "" if b"\n" in seen.head else "at least "
    text = f"A line of the first object is {least}{filesize(longest)} long; a call may have {most} MB."
    concurrent = max(1, wanted.number("max_concurrent_transforms") or 1)
    fits = not least and needed * concurrent <= MAX_PAYLOAD_MB
    fix = {"max_payload": needed} if fits else None
    yield Finding("record_too_large", FindingLevel.ERROR, "max_payload", text, fix=fix, about=("data",))


def instances(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Objects are dealt to instances whole, so there is nothing to do for more instances than objects."""
    count, found = wanted.number("instance_count") or 1, seen.inputs
    if found is None or not found.objects or found.more or count <= len(found.objects):
        return
    idle = count - len(found.objects)
    yield Finding(
        "idle_instances",
        FindingLevel.WARNING,
        "instance_count",
        f"An object is read by one instance, so {idle} of {count} would idle and cost all the same.",
        fix={"instance_count": len(found.objects)},
        about=("data",),
    )


def limits(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """What the connection or the account never allows, and what the job would wait for."""
    count = wanted.number("instance_count") or 1
    for limit in seen.limits:
        whose = "the account's quota" if limit.of_account else "the limit of this connection"
        if count > limit.most:
            fix = {"instance_count": limit.most} if limit.most else None
            text = f"The job needs {count} {limit.what} and {whose} is {limit.most}, so it would never start."
            field = "instance_count" if limit.most else "instance_type"
            yield Finding("over_limit", FindingLevel.ERROR, field, text, fix=fix, about=("instance_type",))
            return
        if limit.used + count > limit.most:
            text = f"It would wait: {limit.used} of {limit.most} {limit.what} are in use, by {whose}."
            yield Finding("would_wait", FindingLevel.NOTE, "instance_type", text)
            return


def encoding(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Text is sent byte for byte: what marks or makes another encoding reaches the model."""
    kind = media_type(wanted.text("content_type")) or _TYPE_OF.get(_suffix(seen), "")
    if seen.first is None or not (kind in _JSONS or kind.startswith("text/")):
        return
    name = seen.first.key.rsplit("/", 1)[-1][-60:]
    mark = records.mark_of(seen.beginning)
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
    elif line := records.line_not_utf8(seen.beginning):
        text = f"Line {line} of {name} is no UTF-8, which most models read; it may be Latin-1. Write the file in UTF-8."
        yield Finding("not_utf8", FindingLevel.WARNING, "data", text, about=("content_type",))


def lines(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """What the first lines of the first object tell."""
    kind = media_type(wanted.text("content_type")) or _TYPE_OF.get(_suffix(seen), "")
    if not seen.head:
        return
    if kind == "text/csv":
        if header_of(seen.head):
            header = whole_lines(seen.head)[0][:_HEADER_SHOWN]
            text = (
                f"The first line looks like names of columns, and the model is sent it as a record: {header}"
            )
            yield Finding("csv_header", FindingLevel.WARNING, "data", text)
        if number := records.line_in_quotes(seen.head):
            text = (
                f"A quoted value goes on after line {number}; a transform job cuts records at every line end."
            )
            yield Finding("csv_line_in_quotes", FindingLevel.WARNING, "data", text)
    elif kind in _JSONS and records.is_no_json_line(seen.head) and _suffix(seen) != ".json":
        text = "The first line is no JSON by itself; with Line each line has to be a record."
        yield Finding(
            "json_no_lines", FindingLevel.WARNING, "split_type", text, about=("data", "content_type")
        )


def _suffix(seen: Inspection) -> str:
    """What most of the objects' names end in, without .gz; empty if they have no such end."""
    if seen.inputs is None:
        return ""
    counted: Counter[str] = Counter()
    for one in seen.inputs.objects:
        name = one.key.rsplit("/", 1)[-1].lower().removesuffix(".gz")
        counted[name[name.rfind(".") :] if "." in name else ""] += 1
    return counted.most_common(1)[0][0] if counted else ""


def _is_document(seen: Inspection) -> bool:
    return not seen.head or b"\n" not in seen.head or records.is_no_json_line(seen.head)
