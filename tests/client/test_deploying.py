"""Deployments by the command line on a running house: made of a file, promoted, run, exported."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.client.commands import CommandLine
from tests.support.house import House

pytestmark = [pytest.mark.house, pytest.mark.timeout(600)]
DATA = "s3://batchdeck-samples/breast-cancer/"


def write_file(cli: CommandLine, name: str, **changes: Any) -> Path:
    """A deployment of the sample's group with two stages, as a file."""
    settings = {"content_type": "text/csv", "split_type": "Line", "assemble_with": "Line"}
    stages = [
        {
            "name": stage,
            "connection": "engine",
            "data": f"{DATA}data/",
            "output_path": f"{DATA}{name}/{stage.lower()}/{{run}}/",
            "needs_approval": stage == "Production",
        }
        for stage in ("Staging", "Production")
    ]
    deployment = {
        "name": name,
        "connection": "engine",
        "package_group": "breast-cancer",
        "settings": {**settings, "instance_type": "ml.m5.large"},
        "stages": stages,
        **changes,
    }
    file = cli.home / f"{name}.yaml"
    file.write_text(yaml.safe_dump(deployment))
    return file


@pytest.fixture
def operator(cli: CommandLine, house: House) -> CommandLine:
    """The command line with a token for what an operator may."""
    token = house.deck("token", "--role", "operator")
    return dataclasses.replace(cli, variables={**cli.variables, "BATCHDECK_TOKEN": token})


def test_a_file_is_compared_applied_and_exported_as_it_was(cli: CommandLine) -> None:
    file = write_file(cli, "from-a-file")
    before = cli.run("deploy", "diff", file)
    assert (before.code, "package_group: nothing -> breast-cancer" in before.out) == (1, True)
    assert "from-a-file" not in cli.run("deploy", "list").out
    assert cli.run("deploy", "apply", file).out.endswith("from-a-file is made.\n")
    assert cli.run("deploy", "apply", file).out == "from-a-file is as the file has it already.\n"
    exported = cli.run("deploy", "export", "from-a-file")
    (cli.home / "exported.yaml").write_text(exported.out)
    assert cli.run("deploy", "diff", "exported.yaml").code == 0
    changed = write_file(cli, "from-a-file", description="With words.")
    after = cli.run("deploy", "diff", changed)
    assert (after.code, after.out) == (1, "description: nothing -> With words.\n")
    assert cli.run("deploy", "apply", changed).out.endswith("from-a-file is changed.\n")
    listed = cli.run("deploy", "list").out
    assert "from-a-file\tfrom-a-file\tbreast-cancer\t" in listed


def test_a_version_is_promoted_and_run_and_waits_where_an_admin_approves(operator: CommandLine) -> None:
    assert operator.run("deploy", "apply", write_file(operator, "promoted")).code == 0
    early = operator.run("deploy", "run", "promoted", "staging")
    assert (early.code, "Nothing is deployed in Staging yet" in early.err) == (1, True)
    promoted = operator.run("deploy", "promote", "promoted", "staging", "--note", "First.", seconds=300)
    assert (promoted.code, promoted.out) == (0, "Version 1 to staging: deployed.\n"), promoted.err
    ran = operator.run("deploy", "run", "promoted", "staging", seconds=300)
    assert (ran.code, ": completed." in ran.out) == (0, True), ran.err
    waiting = operator.run("deploy", "promote", "promoted", "production", "--wait", "5")
    assert (waiting.code, waiting.out) == (5, "Version 1 to production: waiting.\n"), waiting.err


def test_files_for_aws_are_written_below_the_folder(cli: CommandLine) -> None:
    assert cli.run("deploy", "apply", write_file(cli, "exported")).code == 0
    written = cli.run("deploy", "export", "exported", "--folder", "project")
    assert written.code == 0, written.err
    files = sorted(str(file.relative_to(cli.home)) for file in cli.home.glob("project/**/*.*"))
    assert sorted(written.out.splitlines()) == files
    assert any(name.endswith("pre-prod-config.json") for name in files)


def test_what_cannot_be_used_is_named(cli: CommandLine) -> None:
    refused = cli.run("deploy", "apply", "-", text="name: x\n")
    assert (refused.code, "  connection: It must be the slug of one" in refused.err) == (2, True)
    broken = cli.run("deploy", "apply", "-", text="name: [x\n")
    assert (broken.code, "neither JSON nor YAML" in broken.err) == (2, True)
    assert cli.run("deploy", "apply", "nofile.yaml").code == 2
    unknown = cli.run("deploy", "run", "nothing", "staging")
    assert (unknown.code, "address deployments/nothing/stages/staging/run/" in unknown.err) == (1, True)
    assert cli.run("deploy", "apply", write_file(cli, "named")).code == 0
    later = cli.run("deploy", "promote", "named", "staging", "--version", "9")
    assert (later.code, "version: Version 9 cannot be promoted" in later.err) == (2, True)


def test_a_version_is_rejected_and_approved_again_with_a_note(cli: CommandLine) -> None:
    assert "\n1\tApproved\t" in cli.run("versions", "list", "breast-cancer").out
    rejected = cli.run("versions", "reject", "breast-cancer", "1", "--note", "Old data.", "--in-use")
    assert (rejected.code, rejected.out) == (0, "Version 1 of breast-cancer: Rejected.\n"), rejected.err
    approved = cli.run("versions", "approve", "breast-cancer", "1", "--note", "Good again.", "--json")
    assert (approved.code, approved.json["approval"]) == (0, "Approved"), approved.err
    assert [row["note"] for row in approved.json["history"]][:2] == ["Good again.", "Old data."]
    assert cli.run("versions", "approve", "breast-cancer", "99").code == 1
    assert cli.run("versions", "reject", "no-such-group", "1").code == 1
