"""Commands about models and presets."""

from __future__ import annotations

from typing import Any

import click

from batchdeck.commands.list_first import ListFirst
from batchdeck.commands.request_files import body_of, field_options
from batchdeck.session import Session, command


@click.group(cls=ListFirst)
def models() -> None:
    """List and register models; without a command, list them."""


@models.command("list")
@click.option("-q", "--query", "q", help="Words of the name, image, description or connection.")
@click.option("--connection", help="A connection's slug.")
@command
def list_models(session: Session, **filters: Any) -> None:
    """List models, newest first."""
    session.printer.rows(
        session.client.models.list(**filters, limit=200),
        {
            "ID": lambda model: model["id"],
            "NAME": lambda model: model["name"],
            "CONNECTION": lambda model: model["connection"],
            "IMAGE": lambda model: model["image"].rpartition("/")[2],
            "CREATED": lambda model: model["created_at"][:19],
        },
    )


@models.command("show")
@click.argument("model", type=int)
@command
def show_model(session: Session, model: int) -> None:
    """Show a model by its id."""
    answer = session.client.models.get(model)
    if session.printer.result(answer):
        return
    figures = answer["figures"]
    session.printer.facts(
        {
            "id": answer["id"],
            "name": answer["name"],
            "connection": answer["connection"],
            "image": answer["image"],
            "model data": answer["model_data"],
            "description": answer["description"],
            "jobs": figures["jobs"],
            "created": answer["created_at"][:19],
        }
    )
    for archive in answer["archives"]:
        session.printer.line(f"{archive['level']}: {archive['uri']}: {archive['says']}")


@models.command("register")
@click.argument("name")
@click.option("--connection", help="Its slug; may be left out if the team has one only.")
@click.option("--image", required=True, help="The container's image.")
@click.option("--model-data", default="", help="s3:// address of the archive.")
@click.option("--env", multiple=True, metavar="KEY=VALUE", help="Environment variables of the container.")
@click.option("--execution-role-arn", help="The role that SageMaker assumes.")
@click.option("--description", help="What it is for.")
@command
def register_model(
    session: Session, name: str, connection: str | None, env: tuple[str, ...], **fields: Any
) -> None:
    """Register a model; it is created in SageMaker."""
    pairs = [text.partition("=") for text in env]
    if wrong := [key for key, sign, _ in pairs if not (key and sign)]:
        raise click.UsageError(f"--env must be KEY=VALUE, not {wrong[0]!r}.")
    body = {field: value for field, value in fields.items() if value}
    body |= {"name": name, "connection": session.connection(connection)}
    if pairs:
        body["env"] = {key: value for key, _, value in pairs}
    model = session.client.models.register(body)
    if not session.printer.result(model):
        session.printer.facts({"id": model["id"], "name": model["name"], "arn": model["arn"]})


@click.group(cls=ListFirst)
def presets() -> None:
    """List, show and save presets; without a command, list them."""


@presets.command("list")
@command
def list_presets(session: Session) -> None:
    """List presets, newest first."""
    session.printer.rows(
        session.client.presets.list(),
        {
            "SLUG": lambda preset: preset["slug"],
            "NAME": lambda preset: preset["name"],
            "MODEL": lambda preset: preset["body"].get("model", ""),
            "BY": lambda preset: preset["created_by"],
            "DESCRIPTION": lambda preset: preset["gone"] or preset["description"],
        },
    )


@presets.command("show")
@click.argument("slug")
@command
def show_preset(session: Session, slug: str) -> None:
    """Show a preset's fields."""
    preset = session.client.presets.get(slug)
    if session.printer.result(preset):
        return
    session.printer.facts(
        {"name": preset["name"], "description": preset["description"], "problem": preset["gone"]}
    )
    rules = preset["rules"]
    session.printer.facts(
        {
            name: f"{value} ({rules[name]})" if name in rules else value
            for name, value in preset["body"].items()
        }
    )


@presets.command("save")
@click.argument("preset_name", metavar="NAME")
@click.option("-f", "--file", "file", metavar="FILE", help="The fields of a job as JSON or YAML.")
@click.option("--connection", help="A connection's slug.")
@click.option("--description", help="What it is for.")
@field_options
@command
def save_preset(
    session: Session,
    preset_name: str,
    file: str | None,
    connection: str | None,
    description: str | None,
    **fields: Any,
) -> None:
    """Save the fields of a job as a preset."""
    # A preset has no job's name.
    body = body_of(file, {**fields, "name": None})
    if connection:
        body["connection"] = connection
    preset = session.client.presets.create(
        {"name": preset_name, "body": body, "description": description or ""}
    )
    if not session.printer.result(preset):
        session.printer.facts({"slug": preset["slug"], "name": preset["name"]})
