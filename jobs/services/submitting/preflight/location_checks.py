"""Checks of where a job reads and writes. Each takes the request and what was seen, and gives findings."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.services.registry.archives import VOLUME
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Fix, Inspection, RequestFields
from jobs.services.texts import filesize
from transform.keys import OUTPUT_SUFFIX, output_folder

_NAMED = 2


def model(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """The model has to be there."""
    if seen.model_known is False:
        name = wanted.text("model_name")
        yield Finding(
            "model_missing",
            FindingLevel.ERROR,
            "model_name",
            f"SageMaker has no model named {name} on this connection; it may have been deleted. Register it again.",
        )


def archive(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """The model's archives have to be there, and to fit on the disk beside what is unpacked of them."""
    for uri, size in seen.archives:
        if size is None:
            text = f"The model's archive {uri} is not there, so no container can load it. Upload it again."
            yield Finding("archive_missing", FindingLevel.ERROR, "model_name", text)
        elif size > VOLUME:
            text = (
                f"The model's archive is {filesize(size)}; an instance without disks of its own has "
                f"{filesize(VOLUME)}. SageMaker then says no more than InternalServerError. Make it smaller, or "
                "take an instance type with disks, such as ml.g5."
            )
            yield Finding(
                "archive_too_large", FindingLevel.WARNING, "model_name", text, about=("instance_type",)
            )


def writing(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Whether the output can be written is for the model's role to say; ours may tell, or not."""
    if seen.writable is False:
        text = (
            "Whether the output can be written was not tried: this service's own credentials lack s3:PutObject there. "
            "The job writes with its model's role."
        )
        yield Finding("output_not_tried", FindingLevel.NOTE, "output_path", text)


def inputs(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """There must be something to read; how much it is."""
    found = seen.inputs
    if found is None:
        return
    if found.problem:
        yield Finding("input_unusable", FindingLevel.ERROR, "data", found.problem)
    elif found.unknown:
        yield Finding("input_unseen", FindingLevel.NOTE, "data", found.unknown)
    elif not found.objects:
        text = f"No object begins with {wanted.text('data')}, and SageMaker refuses a job that reads nothing."
        yield Finding("no_input", FindingLevel.ERROR, "data", text)
    else:
        sizes = [one.size for one in found.objects]
        least = "at least " if found.more else ""
        text = f"Reads {found.count}, {least}{filesize(sum(sizes))}; the largest is {filesize(max(sizes))}."
        yield Finding("input", FindingLevel.NOTE, "data", text)


def siblings(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """S3Prefix is a plain beginning of keys: `data` also means `data_old/`."""
    place = wanted.place("data")
    if place is None:
        return
    bucket, prefix = place
    meant = next((name for name in (f"{prefix}/", prefix) if name in seen.beside), None)
    others = [name for name in seen.beside if name != meant]
    if meant is None or not others:
        return
    names = ", ".join(name[prefix.rfind("/") + 1 :] for name in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    yield Finding(
        "siblings",
        FindingLevel.WARNING,
        "data",
        f"This is the beginning of a key, so it also reads {names}{more}.",
        fix={"data": f"s3://{bucket}/{meant}"} if meant.endswith("/") else None,
    )


def strangers(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """Objects among the input that are hardly meant as input."""
    if seen.inputs is None:
        return
    keys = [one.key for one in seen.inputs.objects]
    kinds = (
        ("outputs_as_input", [key for key in keys if key.endswith(OUTPUT_SUFFIX)], "outputs of other jobs"),
        ("archives_as_input", [key for key in keys if key.endswith((".tar.gz", ".tgz"))], "model archives"),
        (
            "markers_as_input",
            [
                key
                for key in keys
                if key.rsplit("/", 1)[-1].startswith(("_SUCCESS", "_metadata", ".batchdeck"))
            ],
            "marks of the program that wrote the data",
        ),
    )
    for code, there, what in kinds:
        if there:
            text = (
                f"Among the input are {what}, such as {_short(there[0])}; the model would be sent them too."
            )
            yield Finding(code, FindingLevel.WARNING, "data", text)
    empty = [one.key for one in seen.inputs.objects if not one.size]
    if empty:
        text = (
            f"{len(empty)} of the objects are empty, such as {_short(empty[0])}; the model may refuse them."
        )
        yield Finding("empty_objects", FindingLevel.NOTE, "data", text)


def output_inside(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """An output below the input's prefix is the next job's input."""
    source, target = wanted.place("data"), wanted.place("output_path")
    if source is None or target is None or wanted.text("data_type") == "ManifestFile":
        return
    if source[0] == target[0] and output_folder(target[1]).startswith(source[1]):
        yield Finding(
            "output_inside_input",
            FindingLevel.WARNING,
            "output_path",
            "The outputs come below the input, so the next job over this input would read them too.",
            fix=_outside(*source),
            about=("data",),
        )


def outputs(wanted: RequestFields, seen: Inspection) -> Iterator[Finding]:
    """An output replaces whatever has its name."""
    found = seen.outputs
    if found is None:
        return
    if found.problem:
        yield Finding("output_unusable", FindingLevel.ERROR, "output_path", found.problem)
    elif found.unknown:
        yield Finding("output_unseen", FindingLevel.NOTE, "output_path", found.unknown)
    elif replaced := seen.replaced:
        yield Finding(
            "outputs_replaced",
            FindingLevel.WARNING,
            "output_path",
            f"{replaced.counted} {'is' if replaced.counted == '1 output' else 'are'} there already and would be "
            f"replaced, such as {_short(replaced.example)}.",
            fix={"output_path": replaced.instead},
            about=("data",),
        )
    elif found.objects:
        text = f"{found.count} {'is' if found.count == '1 object' else 'are'} there already; none would be replaced."
        yield Finding("output_not_empty", FindingLevel.NOTE, "output_path", text)


def _outside(bucket: str, prefix: str) -> Fix | None:
    """A place beside the input, if the input is not the whole bucket."""
    parent, _, name = prefix.rstrip("/").rpartition("/")
    if not name:
        return None
    above = f"{parent}/" if parent else ""
    beside = f"{above}output-of-{name}/"
    return None if beside.startswith(prefix) else {"output_path": f"s3://{bucket}/{beside}"}


def _short(key: str) -> str:
    name = key.rsplit("/", 1)[-1] or key
    return name if len(name) <= 60 else f"{name[:40]}…{name[-16:]}"
