"""The rules of CreateProcessingJob that span fields, and the features that this engine does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from engine.runner.processing.request import LOCAL_ROOT, cluster_of
from transform.keys import parse_s3_uri


def problems_of(params: Mapping[str, Any]) -> list[str]:
    """All problems of a request whose shapes were checked, as sentences that name the field."""
    inputs = params.get("ProcessingInputs", [])
    outputs = params.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return [
        *_of_application(params["AppSpecification"]),
        *_of_cluster(cluster_of(params)),
        *(
            text
            for number, item in enumerate(inputs)
            for text in _of_input(f"ProcessingInputs[{number}]", item)
        ),
        *_repeated("ProcessingInputs", "InputName", [item["InputName"] for item in inputs]),
        *_repeated(
            "ProcessingInputs",
            "S3Input.LocalPath",
            [path for item in inputs if (path := item.get("S3Input", {}).get("LocalPath"))],
        ),
        *(
            text
            for number, output in enumerate(outputs)
            for text in _of_output(f"ProcessingOutputConfig.Outputs[{number}]", output)
        ),
        *_repeated("ProcessingOutputConfig.Outputs", "OutputName", [item["OutputName"] for item in outputs]),
    ]


def _of_application(specification: Mapping[str, Any]) -> Iterator[str]:
    if not specification.get("ContainerEntrypoint"):
        yield (
            "AppSpecification.ContainerEntrypoint is required by the embedded engine, which does not have the image "
            "itself and so not its own entry point."
        )


def _of_cluster(cluster: Mapping[str, Any]) -> Iterator[str]:
    member = "ProcessingResources.ClusterConfig"
    if "InstancePreferences" in cluster:
        yield (
            f"{member}.InstancePreferences: the embedded engine does not choose between instance types. Give "
            "InstanceType and InstanceCount."
        )
        return
    for name in ("InstanceType", "InstanceCount"):
        if name not in cluster:
            yield f"{member}.{name} is required."


def _of_input(member: str, described: Mapping[str, Any]) -> Iterator[str]:
    if "DatasetDefinition" in described:
        yield (
            f"{member}.DatasetDefinition: the embedded engine has no Athena and no Redshift. Export the data to S3 and "
            "give an S3Input."
        )
        return
    source = described.get("S3Input")
    if source is None:
        yield f"{member}.S3Input is required."
        return
    if source.get("S3InputMode") == "Pipe":
        yield f"{member}.S3Input.S3InputMode Pipe: the embedded engine has File alone."
    yield from _of_uri(f"{member}.S3Input.S3Uri", source["S3Uri"])
    yield from _of_local_path(f"{member}.S3Input.LocalPath", source, described)


def _of_output(member: str, described: Mapping[str, Any]) -> Iterator[str]:
    if "FeatureStoreOutput" in described:
        yield (
            f"{member}.FeatureStoreOutput: the embedded engine has no Feature Store. Write the records to an S3Output."
        )
        return
    target = described.get("S3Output")
    if target is None:
        yield f"{member}.S3Output is required."
        return
    yield from _of_uri(f"{member}.S3Output.S3Uri", target["S3Uri"])
    yield from _of_local_path(f"{member}.S3Output.LocalPath", target, described)


def _of_uri(member: str, uri: str) -> Iterator[str]:
    try:
        parse_s3_uri(uri)
    except ValueError as error:
        yield f"{member}: {error}."


def _of_local_path(member: str, place: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    path = place.get("LocalPath")
    if path is None:
        if not described.get("AppManaged", False):
            yield f"{member} is required unless AppManaged is true."
        return
    parts = PurePosixPath(path)
    is_below = parts.is_relative_to(LOCAL_ROOT) and parts != LOCAL_ROOT
    if not is_below or ".." in parts.parts or "\0" in path:
        yield f"{member} is {path!r}; it must be a folder below {LOCAL_ROOT}/."


def _repeated(member: str, field: str, values: list[str]) -> Iterator[str]:
    for value, count in Counter(value.rstrip("/") for value in values).items():
        if count > 1:
            yield f"{member}: {count} of them have the {field} {value!r}; each needs its own."
