"""Deployments as YAML files, by the command that CI calls."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from deployments.models import Deployment, Promotion, PromotionState
from teams.models import Activity
from tests.cast import House
from tests.deployments.registry import BUCKET, Registry, make, stage_body
from tests.deployments.test_pages import body, deployment
from tests.engine.resources import ROLE
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
__all__ = ["deployment"]


def deploy(*arguments: str, user: str = "alice") -> tuple[int, str]:
    """The exit code of `./deck deploy` and what it prints, errors last."""
    out = StringIO()
    try:
        call_command("deploy", "--team", "first", "--user", user, *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_file_makes_a_deployment_and_says_when_nothing_differs(house: House, tmp_path: Path) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text(yaml.safe_dump(body(settings={"content_type": "text/csv"})))
    code, text = deploy("diff", str(file))
    assert code == 1
    assert "settings.content_type: nothing -> text/csv" in text
    assert not Deployment.objects.exists()
    assert deploy("apply", str(file))[0] == 0
    acts = Activity.objects.count()
    assert deploy("diff", str(file)) == (0, "")
    code, text = deploy("apply", str(file))
    assert (code, text) == (0, "churn is as the file has it already.\n")
    assert Activity.objects.count() == acts


def test_an_exported_file_applied_again_changes_nothing_and_an_edit_of_it_is_named(
    house: House, deployment: Deployment, tmp_path: Path
) -> None:
    _, text = deploy("export", deployment.slug)
    file = tmp_path / "exported.yaml"
    file.write_text(text)
    assert deploy("diff", str(file)) == (0, "")
    file.write_text(text.replace("instance_type: ml.m5.large", "instance_type: ml.m5.xlarge"))
    code, text = deploy("apply", str(file))
    assert (code, text.splitlines()[0]) == (0, "settings.instance_type: ml.m5.large -> ml.m5.xlarge")
    deployment.refresh_from_db()
    assert deployment.settings["instance_type"] == "ml.m5.xlarge"
    assert deployment.stages.get(slug="staging").version == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "no YAML"),
        ("- 1", "must be a mapping"),
        ("name: Churn", "package_group"),
        ("!!python/object/apply:os.system ['true']", "no YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_code_2_and_a_sentence(
    house: House, tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    code, answer = deploy("apply", str(file))
    assert code == 2
    assert sentence in answer
    assert not Deployment.objects.exists()
    assert deploy("apply", str(tmp_path / "missing.yaml"))[0] == 2


def test_a_promotion_that_needs_an_approval_ends_with_code_3(house: House, deployment: Deployment) -> None:
    Promotion.objects.filter(stage__slug="staging", version=2).update(state=PromotionState.DEPLOYED)
    code, text = deploy("promote", deployment.slug, "production", "--version", "2", user="bob")
    assert code == 3
    assert "waiting for approval" in text
    assert deploy("promote", deployment.slug, "production", "--version", "9")[0] == 2
    assert deploy("run", deployment.slug, "nowhere")[0] == 2
    assert deploy("apply", "-", user="vera")[0] == 2


def test_the_folder_for_aws_alone_has_a_definition_that_a_pipeline_is_made_of(
    team: House, registry: Registry, engine: EngineProcess, tmp_path: Path
) -> None:
    step = {"image": "image:1", "script": "print()", "arguments": ["--out", "{run}"]}
    stages = [
        stage_body("staging", "engine", registry.group, data=f"s3://{BUCKET}/in/"),
        stage_body("production", "engine", registry.group, data=f"s3://{BUCKET}/in/"),
    ]
    deployment = make(team, registry.group, preprocess=step, stages=stages)
    code, text = deploy("export", deployment.slug, "--folder", str(tmp_path))
    assert code == 0
    assert {Path(line).relative_to(tmp_path).as_posix() for line in text.splitlines()} == {
        "cloud_formation/batch-config-template.yml",
        "cloud_formation/pre-prod-config.json",
        "cloud_formation/prod-config.json",
        "pipelines/batch_inference/preprocess.py",
        "pipelines/staging-pipelinedefinition.json",
        "pipelines/production-pipelinedefinition.json",
    }
    definition = (tmp_path / "pipelines/staging-pipelinedefinition.json").read_text()
    name = f"{registry.group}-pipeline"
    engine.client("sagemaker").create_pipeline(
        PipelineName=name, RoleArn=ROLE, PipelineDefinition=definition, ClientRequestToken="x" * 32
    )
    described = engine.client("sagemaker").describe_pipeline(PipelineName=name)
    assert json.loads(described["PipelineDefinition"]) == json.loads(definition)
    config = json.loads((tmp_path / "cloud_formation/prod-config.json").read_text())["Parameters"]
    assert config["ProcessingInstanceType"] == "ml.m5.large"
    template = yaml.safe_load((tmp_path / "cloud_formation/batch-config-template.yml").read_text())
    assert set(config) < set(template["Parameters"])


def test_a_path_with_dates_is_refused_by_name_in_the_folder_for_aws_alone(
    house: House, deployment: Deployment, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    code, text = deploy("export", deployment.slug, "--folder", str(folder))
    assert code == 2
    assert "{date}" in text
    assert not folder.exists()
