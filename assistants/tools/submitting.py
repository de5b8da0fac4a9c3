"""Tools before and for a submission. Submitting needs the operator's setting and a token that may."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from assistants.tool import Caller, Tool, text
from jobs.api import request_serializers, serializers
from jobs.services.submitting import preflight, presets
from teams import once
from teams.models import Role

#: Seconds that a repeated submission waits for the first one.
_PATIENCE = 5.0
_BODY = {
    "type": "object",
    "description": "The fields of a job: connection, model, data, output_path, content_type, split_type, "
    "assemble_with, instance_type, instance_count …, or a preset's slug and the fields that differ, or connection and "
    "request, which is CreateTransformJob's JSON.",
}


def _preflight(caller: Caller, *, body: dict[str, Any]) -> Mapping[str, Any]:
    fields = request_serializers.fields_of(body)
    request_serializers.take_replace_outputs(fields)
    filled, _ = presets.fill_in_preset(caller.member.team, fields)
    answer = serializers.PreflightAnswer(preflight.run(caller.member.team, filled)).data
    return {name: answer[name] for name in ("findings", "matches", "estimate")}


def _submit(caller: Caller, *, body: dict[str, Any], key: str) -> Mapping[str, Any]:
    def act() -> Mapping[str, Any]:
        fields = request_serializers.fields_of(body)
        replace = request_serializers.take_replace_outputs(fields)
        job = presets.submit(caller.member, fields, token=caller.token, replace_outputs=replace)
        answer = serializers.JobAnswer(job, context={"request": caller.request}).data
        return {name: answer[name] for name in ("id", "name", "state", "url")}

    # As with the header Idempotency-Key, the same key submits once.
    fingerprint = hashlib.sha256(json.dumps(["mcp", body], sort_keys=True).encode()).hexdigest()
    sent = once.Sent(caller.member.team, caller.member.user, key, fingerprint)
    outcome = once.perform(sent, act, dict, patience=_PATIENCE)
    return outcome.answer if isinstance(outcome, once.Repeated) else outcome


TOOLS = (
    Tool(
        name="preflight_job",
        title="Check a job before it is submitted",
        description="Errors, warnings and notes about a request, what its input matches, and how long similar jobs "
        "took. Nothing is submitted or written.",
        act=_preflight,
        arguments={"body": _BODY},
        required=("body",),
        role=Role.OPERATOR,
        result={
            "findings": {"type": "array", "items": {"type": "object"}},
            "matches": {"type": ["object", "null"]},
            "estimate": {"type": ["object", "null"]},
        },
    ),
    Tool(
        name="submit_job",
        title="Submit a job",
        description="Submit a transform job, which costs money on AWS. Check it with preflight_job and ask the person "
        "first. Outputs that are there are replaced only with replace_outputs: true in the body.",
        act=_submit,
        arguments={
            "body": _BODY,
            "key": text(
                "A new text for each job, such as a UUID; a call with the same key and body submits once.",
                255,
                minLength=1,
            ),
        },
        required=("body", "key"),
        role=Role.OPERATOR,
        read_only=False,
        # With replace_outputs it may replace objects.
        destructive=True,
        is_on=lambda: bool(settings.MCP_SUBMIT),
        result={name: {"type": "string"} for name in ("id", "name", "state", "url")},
    ),
)
