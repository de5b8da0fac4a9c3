"""Whether an answer of S3 is the one that a case expects."""

from __future__ import annotations

import botocore.parsers

from engine.aws_models import service_model
from tests.support.conformance.judging import missing_members, read_answer
from tests.support.conformance.s3_cases import S3Case
from tests.support.conformance.s3_values import ABSENT_CODES, S3_CODES
from tests.support.conformance.sending import Answer


def problem_of(case: S3Case, answer: Answer) -> str:
    """What is wrong with the answer, in a sentence; empty if nothing is."""
    if answer.fault:
        return answer.fault
    is_head = case.message.method == "HEAD"
    code, message = answer.error if answer.status >= 300 else ("", "")
    summary = f"{answer.status} {code}: {message[:300]}"
    if answer.status >= 500 and answer.status != 501:
        return summary
    missing = {"x-amz-request-id", "x-amz-id-2", "server"} - answer.headers.keys()
    if missing:
        return f"the answer lacks {', '.join(sorted(missing))} ({summary})"
    if answer.status >= 400 and not is_head:
        if code not in S3_CODES or not message:
            return f"{code!r} is no error of S3 ({summary})"
        if f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>".encode() not in answer.body:
            return f"the error has no RequestId ({summary})"
    if case.refused is True and answer.status < 400:
        return f"expected an error, not {summary}"
    if case.refused is False and answer.status >= 400 and code not in ABSENT_CODES:
        return f"expected to be taken ({summary})"
    return _unreadable(case, answer) if answer.status < 300 and not is_head else ""


def _unreadable(case: S3Case, answer: Answer) -> str:
    """Why botocore cannot read the answer, or what it lacks; empty if it can."""
    model = service_model("s3").operation_model(case.operation)
    if model.output_shape is None or model.has_streaming_output:
        return ""
    try:
        parsed = read_answer("rest-xml", model, answer)
    except botocore.parsers.ResponseParserError as error:
        return f"botocore cannot read the answer: {error}"
    missing = missing_members(model.output_shape, parsed)
    return f"the answer lacks {', '.join(missing)}" if missing else ""
