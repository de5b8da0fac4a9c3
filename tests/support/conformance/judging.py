"""Whether an answer is the one that a case expects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import botocore.parsers
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from engine.aws_models import service_model
from engine.wire.dispatch import SERVICES
from tests.support.conformance.cases import Accepted, Case, Mistyped, Refused
from tests.support.conformance.sending import Answer

#: Codes that every operation of these protocols may answer with besides those of its model.
_COMMON_CODES = frozenset(
    {"ValidationException", "ValidationError", "NotImplementedException", "AccessDenied"}
)
#: The same for single services: errors that their documents name, and their models do not.
_SERVICE_CODES: dict[str, frozenset[str]] = {
    "sagemaker": frozenset({"AccessDeniedException"}),
    "sts": frozenset({"MalformedPolicyDocument", "AccessDenied"}),
    "cloudwatch": frozenset(
        {"InvalidParameterValue", "InvalidParameterCombination", "MissingParameter", "ResourceNotFound"}
    ),
}


def is_sendable(case: Case, protocol: str) -> bool:
    """Whether the protocol can say what the case says.

    A form has texts alone, and no empty structures. So has an address, whose path needs a text for each of its members.
    """
    if protocol == "rest-json":
        shape = service_model(case.service).operation_model(case.operation).input_shape
        assert isinstance(shape, StructureShape)
        return all(_fits_address(member, case.document.get(name)) for name, member in shape.members.items())
    if protocol != "query":
        return True
    if isinstance(case.expected, Mistyped) and not case.expected.in_forms:
        return False
    return not _has_empty_structure(case.document)


def _fits_address(member: Shape, value: Any) -> bool:
    """Whether a member that is in the path or the query can have this value there. Others always can."""
    location = member.serialization.get("location")
    if location == "uri":
        return isinstance(value, str) and value != ""
    if location != "querystring" or value is None:
        return True
    if isinstance(member, ListShape):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str) if member.type_name == "string" else value != []


def _has_empty_structure(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(item in ({}, None) or _has_empty_structure(item) for item in value.values())
    return isinstance(value, list) and any(item in ({}, None) or _has_empty_structure(item) for item in value)


def problem_of(case: Case, protocol: str, model: OperationModel, answer: Answer) -> str:
    """What is wrong with the answer, in a sentence; empty if nothing is."""
    if answer.fault:
        return answer.fault
    code, message = answer.error if answer.status >= 300 else ("", "")
    summary = f"{answer.status} {code}: {message[:300]}"
    if answer.status >= 500 and answer.status != 501:
        return summary
    if "x-amzn-requestid" not in answer.headers:
        return f"the answer has no request id ({summary})"
    if isinstance(case.expected, Accepted):
        return _problem_of_accepted(case, protocol, model, answer, summary)
    if isinstance(case.expected, Refused):
        text = f"at '{case.expected.path}' failed to satisfy constraint: {case.expected.constraint}"
        right = answer.status == 400 and code == SERVICES[case.service] and text in message
        return "" if right else f"expected {SERVICES[case.service]} with {text!r}, not {summary}"
    right = answer.status == 400 and code == "SerializationException"
    return "" if right else f"expected SerializationException, not {summary}"


def _problem_of_accepted(
    case: Case, protocol: str, model: OperationModel, answer: Answer, summary: str
) -> str:
    code, message = answer.error
    if answer.status >= 300:
        if code not in allowed_codes(case.service, model):
            return f"{code} is no error of the operation ({summary})"
        return f"expected to be taken ({summary})" if "failed to satisfy constraint" in message else ""
    try:
        parsed = read_answer(protocol, model, answer)
    except botocore.parsers.ResponseParserError as error:
        return f"botocore cannot read the answer: {error}"
    missing = missing_members(model.output_shape, parsed) if model.output_shape else []
    return f"the answer lacks {', '.join(missing)}" if missing else ""


def allowed_codes(service: str, model: OperationModel) -> Collection[str]:
    """The codes of errors that the operation may answer with to a request that is right by its model."""
    declared_codes = {str(shape.error_code or shape.name) for shape in model.error_shapes}
    names = {shape.name for shape in model.error_shapes}
    own = {SERVICES[service]} if service in SERVICES else set()
    return declared_codes | names | own | _COMMON_CODES | _SERVICE_CODES.get(service, frozenset())


def read_answer(protocol: str, model: OperationModel, answer: Answer) -> dict[str, Any]:
    """The answer as botocore reads it. Raises ResponseParserError."""
    parser = botocore.parsers.create_parser(protocol)
    response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)
    return parsed


def missing_members(shape: Shape, value: Any, path: str = "") -> list[str]:
    """The required members that a structure of the answer lacks."""
    if isinstance(shape, StructureShape):
        lacks = [f"{path}{name}" for name in shape.required_members if name not in value]
        members = [(name, member) for name, member in shape.members.items() if name in value]
        return lacks + [
            text for name, m in members for text in missing_members(m, value[name], f"{path}{name}.")
        ]
    if isinstance(shape, ListShape):
        return [text for item in value[:5] for text in missing_members(shape.member, item, path)]
    return []
