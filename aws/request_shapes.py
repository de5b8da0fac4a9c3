"""What botocore's models say of a request's members: their names, types and which are required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator


def shape_problem(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """A sentence that names each wrong member of an operation's request; empty if there is none."""
    shape = get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None, f"{operation} has no input"
    report = ParamValidator().validate(dict(request), shape)
    return " ".join(report.generate_report().splitlines()) if report.has_errors() else ""
