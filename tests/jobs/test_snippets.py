"""A job's request as code to copy: whoever runs it asks for what the job was."""

from __future__ import annotations

import ast
import json
import shlex
from typing import Any

import pytest

from jobs.models import TransformJob
from jobs.pages.snippets import of_job
from tests.cast import FIELDS, House
from transform.spec import TransformSpec

# Quotes of both kinds, an empty mapping's neighbour and a list: what layout or a shell could spoil.
AWKWARD = {"env": {"SAY": 'it\'s "so"', "N": "1"}, "tags": {"team": "risk"}, "max_payload": 0}


@pytest.fixture
def job(house: House) -> TransformJob:
    spec = TransformSpec.from_fields({"model_name": house.model.name, **FIELDS, **AWKWARD})
    return house.job(spec=spec.to_fields())


@pytest.fixture
def request_sent(job: TransformJob) -> dict[str, Any]:
    return TransformSpec.from_fields(job.spec).to_request(job.name)


@pytest.fixture
def code(job: TransformJob, request_sent: dict[str, Any]) -> dict[str, str]:
    return {snippet["id"]: snippet["code"] for snippet in of_job(job, request_sent)}


def test_the_boto3_call_has_the_request_s_arguments(
    code: dict[str, str], request_sent: dict[str, Any]
) -> None:
    call = ast.parse(code["boto3"]).body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert {word.arg: ast.literal_eval(word.value) for word in call.value.keywords} == request_sent


def test_the_boto3_call_is_laid_out_one_member_a_line(code: dict[str, str]) -> None:
    assert "\n            'S3DataSource': {\n                'S3DataType': 'S3Prefix',\n" in code["boto3"]


def test_the_command_line_has_the_request(code: dict[str, str], request_sent: dict[str, Any]) -> None:
    words = shlex.split(code["cli"])
    assert words[:3] == ["aws", "sagemaker", "create-transform-job"]
    assert json.loads(words[words.index("--cli-input-json") + 1]) == request_sent


def test_the_sdks_calls_have_the_request_s_values(code: dict[str, str], request_sent: dict[str, Any]) -> None:
    tree = ast.parse(code["sdk"])
    arguments = {
        word.arg: ast.literal_eval(word.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Transformer", "transformer.transform")
        for word in call.keywords
        if word.arg != "sagemaker_session"
    }
    assert arguments.pop("tags") == request_sent["Tags"]
    assert arguments.pop("job_name") == request_sent["TransformJobName"]
    assert TransformSpec.from_fields({**arguments, "tags": {"team": "risk"}}).to_request() == {
        name: value for name, value in request_sent.items() if name != "TransformJobName"
    }


def test_what_curl_posts_makes_the_same_request(
    code: dict[str, str], house: House, request_sent: dict[str, Any]
) -> None:
    words = shlex.split(code["curl"])
    answer = house.api("bob").post(
        "/api/v1/jobs/", words[words.index("-d") + 1], content_type="application/json"
    )
    assert answer.status_code == 201
    again = TransformJob.objects.get(key=answer.json()["id"])
    assert TransformSpec.from_fields(again.spec).to_request("x") == {**request_sent, "TransformJobName": "x"}
