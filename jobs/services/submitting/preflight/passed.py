"""What preflight looked at and found in order, in short texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jobs.services.submitting.preflight.findings import Finding, FindingLevel, Inspection, RequestValues
from jobs.services.texts import filesize


def passed_checks(
    request: RequestValues, inspection: Inspection, findings: Collection[Finding]
) -> tuple[str, ...]:
    """The checks that were made and found nothing; a field with an error or a warning has none."""
    doubtful = {finding.field for finding in findings if finding.level is not FindingLevel.NOTE}
    return tuple(text for field, text in _passed(request, inspection) if field not in doubtful)


def _passed(request: RequestValues, inspection: Inspection) -> Iterator[tuple[str, str]]:
    """The field of each check with its text."""
    sizes = [size for _, size in inspection.archives if size is not None]
    if sizes and len(sizes) == len(inspection.archives):
        yield "model_name", f"Model archive is there, {filesize(sum(sizes))}"
    elif inspection.model_known:
        yield "model_name", "Model is there"
    if inspection.inputs is not None and inspection.inputs.is_known and inspection.inputs.objects:
        yield "data", f"{inspection.inputs.count} to read"
    if inspection.writable:
        yield "output_path", "Output can be written"
    if inspection.outputs is not None and inspection.outputs.is_known and inspection.replaced is None:
        yield "output_path", "No output is replaced"
    if inspection.instance_types is not None and request.text("instance_type") in inspection.instance_types:
        yield "instance_type", "Instance type exists"
    if inspection.limits:
        yield "instance_count", "Within the quotas"
