"""Checks of where a job reads and writes. Each takes the request and the inspection, and yields findings."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.text import capfirst

from jobs.services.registry.archives import VOLUME
from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Fix, Inspection, RequestValues
from jobs.services.texts import filesize
from transform.keys import OUTPUT_SUFFIX, output_folder

_NAMED = 2


def model(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The model must exist."""
    if inspection.model_known is False:
        name = request.text("model_name")
        yield Finding(
            "model_missing",
            FindingLevel.ERROR,
            "model_name",
            f"SageMaker has no model named {name} on this connection; it may have been deleted. Register it again.",
        )


def archive(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The model's archives must exist and fit on the disk with their unpacked files."""
    for uri, size in inspection.archives:
        if size is None:
            text = f"The model's archive {uri} does not exist, so no container can load it. Upload it again."
            yield Finding("archive_missing", FindingLevel.ERROR, "model_name", text)
        elif size > VOLUME:
            text = (
                f"The model's archive is {filesize(size)}; an instance without disks of its own has "
                f"{filesize(VOLUME)}. SageMaker then only reports InternalServerError. Make it smaller, or "
                "take an instance type with disks, such as ml.g5."
            )
            yield Finding(
                "archive_too_large", FindingLevel.WARNING, "model_name", text, about=("instance_type",)
            )


def writing(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Note that writing was not tried: the job writes with the model's role, not with our credentials."""
    if inspection.writable is False:
        text = (
            "Whether the output can be written was not tried: this service's own credentials lack s3:PutObject there. "
            "The job writes with its model's role."
        )
        yield Finding("output_not_tried", FindingLevel.NOTE, "output_path", text)


def inputs(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """The input must have objects; a note says how many."""
    input_list = inspection.inputs
    if input_list is None:
        return
    if input_list.problem:
        yield Finding("input_unusable", FindingLevel.ERROR, "data", input_list.problem)
    elif input_list.unknown:
        yield Finding("input_unseen", FindingLevel.NOTE, "data", input_list.unknown)
    elif not input_list.objects:
        text = (
            f"No object begins with {request.text('data')}, and SageMaker refuses a job that reads nothing."
        )
        yield Finding("no_input", FindingLevel.ERROR, "data", text)
    else:
        sizes = [remote_object.size for remote_object in input_list.objects]
        least = "at least " if input_list.more else ""
        text = (
            f"Reads {input_list.count}, {least}{filesize(sum(sizes))}; the largest is {filesize(max(sizes))}."
        )
        yield Finding("input", FindingLevel.NOTE, "data", text)


def siblings(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Warn that the prefix matches more than a folder: `data` also matches `data_old/`."""
    place = request.place("data")
    if place is None:
        return
    bucket, prefix = place
    intended = next((name for name in (f"{prefix}/", prefix) if name in inspection.beside), None)
    further_names = [name for name in inspection.beside if name != intended]
    if intended is None or not further_names:
        return
    names = ", ".join(name[prefix.rfind("/") + 1 :] for name in further_names[:_NAMED])
    more = f" and {len(further_names) - _NAMED} more" if len(further_names) > _NAMED else ""
    yield Finding(
        "siblings",
        FindingLevel.WARNING,
        "data",
        f"This is the beginning of a key, so it also reads {names}{more}.",
        fix={"data": f"s3://{bucket}/{intended}"} if intended.endswith("/") else None,
    )


def strangers(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Warn about inputs that look accidental: other jobs' outputs, archives, marker files."""
    if inspection.inputs is None:
        return
    keys = [remote_object.key for remote_object in inspection.inputs.objects]
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
    for code, matching_keys, description in kinds:
        if matching_keys:
            example = _short(matching_keys[0])
            text = (
                f"Among the input are {description}, such as {example}; they would be sent to the model too."
            )
            yield Finding(code, FindingLevel.WARNING, "data", text)
    empty = [remote_object.key for remote_object in inspection.inputs.objects if not remote_object.size]
    if empty:
        text = (
            f"{len(empty)} of the objects are empty, such as {_short(empty[0])}; the model may refuse them."
        )
        yield Finding("empty_objects", FindingLevel.NOTE, "data", text)


def output_inside(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Warn about an output path below the input's prefix: the next job would read the outputs."""
    source, target = request.place("data"), request.place("output_path")
    if source is None or target is None or request.text("data_type") == "ManifestFile":
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


def shared_outputs(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Two inputs with one output: the engine refuses the job, and on AWS one answer replaces the other."""
    inputs_of: dict[str, list[str]] = {}
    for key, output in inspection.inputs.pairs if inspection.inputs else ():
        inputs_of.setdefault(output, []).append(key)
    shared = [(output, keys) for output, keys in inputs_of.items() if len(keys) > 1]
    if not shared:
        return
    output, keys = shared[0]
    more = f" {len(shared) - 1:,} more outputs have several inputs too." if len(shared) > 1 else ""
    yield Finding(
        "outputs_collide",
        FindingLevel.ERROR if inspection.is_engine else FindingLevel.WARNING,
        "data",
        f"{keys[0]} and {keys[1]} have the same output, {output}, so that one would replace the other.{more} Rename "
        "one of them, or end the input path in a slash.",
    )


def outputs_over_inputs(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Warn about an output whose key is that of an input: `a` is answered in `a.out`, beside an input `a.out`."""
    source, target = request.place("data"), request.place("output_path")
    if source is None or target is None or inspection.inputs is None or inspection.inputs.bucket != target[0]:
        return
    folder = output_folder(target[1])
    input_keys = {key for key, _ in inspection.inputs.pairs}
    over = [
        (key, folder + output) for key, output in inspection.inputs.pairs if folder + output in input_keys
    ]
    if over:
        key, output = over[0]
        yield Finding(
            "output_replaces_input",
            FindingLevel.WARNING,
            "output_path",
            f"The output of {_short(key)} would replace {_short(output)}, which is an input of the same job.",
            fix=_outside(*source) if request.text("data_type") != "ManifestFile" else None,
            about=("data",),
        )


def outputs(request: RequestValues, inspection: Inspection) -> Iterator[Finding]:
    """Warn about objects that the outputs would replace."""
    output_list = inspection.outputs
    if output_list is None:
        return
    if output_list.problem:
        yield Finding("output_unusable", FindingLevel.ERROR, "output_path", output_list.problem)
    elif output_list.unknown:
        yield Finding("output_unseen", FindingLevel.NOTE, "output_path", output_list.unknown)
    elif replaced := inspection.replaced:
        yield Finding(
            "outputs_replaced",
            FindingLevel.WARNING,
            "output_path",
            f"{capfirst(replaced.description)}{',' if replaced.under_way else ''} and would be replaced, such as "
            f"{_short(replaced.example)}.",
            fix={"output_path": replaced.instead},
            about=("data",),
        )
    elif output_list.objects:
        are = "is" if output_list.count == "1 object" else "are"
        text = f"{output_list.count} {are} there already; none would be replaced."
        yield Finding("output_not_empty", FindingLevel.NOTE, "output_path", text)


def _outside(bucket: str, prefix: str) -> Fix | None:
    """An output path beside the input; None if the input is the whole bucket."""
    parent, _, name = prefix.rstrip("/").rpartition("/")
    if not name:
        return None
    above = f"{parent}/" if parent else ""
    beside = f"{above}output-of-{name}/"
    return None if beside.startswith(prefix) else {"output_path": f"s3://{bucket}/{beside}"}


def _short(key: str) -> str:
    name = key.rsplit("/", 1)[-1] or key
    return name if len(name) <= 60 else f"{name[:40]}…{name[-16:]}"
