"""Changes that mend what a rule of transform.rules refuses, if the rule suggests one."""

from __future__ import annotations

from aws.abilities import sagemaker_instance_types
from jobs.services.submitting.preflight.abilities import nearest_types
from jobs.services.submitting.preflight.findings import Fix, RequestValues
from transform.dataprocessing import FORMATS, media_type
from transform.request_fields import MAX_PAYLOAD_MB


def of_rule(field: str, request: RequestValues) -> Fix | None:
    """The change that mends `field`, which a rule refuses; None if the rule suggests none."""
    if field == "max_payload":
        return _payload(request)
    if field == "instance_type":
        nearest = nearest_types(request.text("instance_type"), sagemaker_instance_types())
        return {"instance_type": nearest[0]} if len(nearest) == 1 else None
    if request.text("join_source") == "Input":
        return _join(field, request)
    if field == "accept" and request.text("output_filter") and _readable(request.text("content_type")):
        return {"accept": request.text("content_type")}
    return None


def _payload(request: RequestValues) -> Fix | None:
    concurrent, payload = request.number("max_concurrent_transforms"), request.number("max_payload")
    if payload is not None and payload > MAX_PAYLOAD_MB:
        return {"max_payload": MAX_PAYLOAD_MB // max(1, concurrent or 1) or 1}
    if not concurrent or not payload or concurrent * payload <= MAX_PAYLOAD_MB:
        return None
    if concurrent > MAX_PAYLOAD_MB:
        return {"max_concurrent_transforms": MAX_PAYLOAD_MB // payload}
    return {"max_payload": MAX_PAYLOAD_MB // concurrent}


def _join(field: str, request: RequestValues) -> Fix | None:
    kind = request.text("content_type")
    if field == "accept" and _readable(kind):
        return {"accept": kind}
    if field in ("split_type", "assemble_with") and media_type(kind) == "text/csv":
        return {field: "Line"}
    if field == "assemble_with" and request.text("split_type") in ("", "None", "Line"):
        return {"assemble_with": request.text("split_type") or "None"}
    return None


def _readable(content_type: str) -> bool:
    return media_type(content_type) in FORMATS
