"""Changes that mend what a hard rule of transform.rules refuses, where one follows from the rule."""

from __future__ import annotations

from aws.abilities import sagemaker_instance_types
from jobs.services.submitting.preflight.abilities import nearest_types
from jobs.services.submitting.preflight.findings import Fix, RequestFields
from transform.dataprocessing import FORMATS, media_type
from transform.request_fields import MAX_PAYLOAD_MB


def of_rule(field: str, wanted: RequestFields) -> Fix | None:
    """The change to `field`, which a rule refuses as it is wanted; None where only a person knows."""
    if field == "max_payload":
        return _payload(wanted)
    if field == "instance_type":
        meant = nearest_types(wanted.text("instance_type"), sagemaker_instance_types())
        return {"instance_type": meant[0]} if len(meant) == 1 else None
    if wanted.text("join_source") == "Input":
        return _join(field, wanted)
    if field == "accept" and wanted.text("output_filter") and _readable(wanted.text("content_type")):
        return {"accept": wanted.text("content_type")}
    return None


def _payload(wanted: RequestFields) -> Fix | None:
    concurrent, payload = wanted.number("max_concurrent_transforms"), wanted.number("max_payload")
    if payload is not None and payload > MAX_PAYLOAD_MB:
        return {"max_payload": MAX_PAYLOAD_MB // max(1, concurrent or 1) or 1}
    if not concurrent or not payload or concurrent * payload <= MAX_PAYLOAD_MB:
        return None
    if concurrent > MAX_PAYLOAD_MB:
        return {"max_concurrent_transforms": MAX_PAYLOAD_MB // payload}
    return {"max_payload": MAX_PAYLOAD_MB // concurrent}


def _join(field: str, wanted: RequestFields) -> Fix | None:
    kind = wanted.text("content_type")
    if field == "accept" and _readable(kind):
        return {"accept": kind}
    if field in ("split_type", "assemble_with") and media_type(kind) == "text/csv":
        return {field: "Line"}
    if field == "assemble_with" and wanted.text("split_type") in ("", "None", "Line"):
        return {"assemble_with": wanted.text("split_type") or "None"}
    return None


def _readable(content_type: str) -> bool:
    return media_type(content_type) in FORMATS
