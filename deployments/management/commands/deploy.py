"""`deploy`: deployments as files, for scripts and CI."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.models import Deployment, PromotionState, Stage, StageRunState
from deployments.services import files, folder_import, promoting, queries, running, seed_folder
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams.models import Membership

#: Exit codes beside 0.
FAILED, REFUSED, WAITS = 1, 2, 3
#: Seconds between two looks at what is waited for.
_PAUSE = 1.0
#: The files of a project's folder that say something about its deployment.
_SUFFIXES = (".json", ".py", ".sh")


class Command(BaseCommand):
    """Applies, compares and exports deployments, promotes versions and runs stages."""

    help = (
        "Deployments as files: apply FILE, diff FILE, export NAME, import FOLDER, promote NAME STAGE, run NAME STAGE. "
        "Exit codes: 0 done (diff: no difference), 1 failed (diff: differences), 2 refused, "
        "3 waits for an approval or is still under way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the verbs with their arguments."""
        parser.add_argument("--team", default="sample-team", help="team slug (default: %(default)s)")
        parser.add_argument("--user", default="admin", help="who acts (default: %(default)s)")
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, text in (
            ("apply", "make or change a deployment"),
            ("diff", "show what apply would change"),
        ):
            verbs.add_parser(verb, help=text).add_argument(
                "file", help="a YAML file, or - for standard input"
            )
        export = verbs.add_parser("export", help="print a deployment as YAML")
        export.add_argument("name")
        export.add_argument(
            "--folder", help="write a CloudFormation template, configurations and pipeline definitions there"
        )
        folder = verbs.add_parser("import", help="print the folder of a batch inference project as YAML")
        folder.add_argument("folder")
        folder.add_argument("--name", help="the deployment's name (default: the folder's)")
        folder.add_argument("--package-group", default="", help="default: that of the configurations")
        folder.add_argument("--connection", default="engine", help="the slug of one (default: %(default)s)")
        folder.add_argument(
            "--stage-connection",
            action="append",
            default=[],
            metavar="STAGE=CONNECTION",
            help="where a stage runs, if elsewhere",
        )
        for verb, text in (("promote", "promote a version"), ("run", "run a stage now")):
            about = verbs.add_parser(verb, help=text)
            about.add_argument("name", help="the deployment's slug")
            about.add_argument("stage", help="the stage's slug")
            about.add_argument("--wait", type=int, default=600, help="seconds (default: %(default)s)")
            if verb == "promote":
                about.add_argument("--version", dest="version_number", type=int, help="default: the next one")
                about.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; the exit code says how it ended."""
        member = self._member(options)
        try:
            getattr(self, f"_{options['verb']}")(member, options)
        except InvalidFields as error:
            lines = [f"{name}: {' '.join(texts)}" for name, texts in error.fields.items()]
            raise CommandError("\n".join(lines), returncode=REFUSED) from error
        except (NotPossible, Unavailable, files.BadFile) as error:
            raise CommandError(str(error), returncode=REFUSED) from error

    def _member(self, options: dict[str, Any]) -> Membership:
        rows = Membership.objects.select_related("team", "user")
        member = rows.filter(team__slug=options["team"], user__username=options["user"]).first()
        if member is None:
            raise CommandError(f"{options['user']} is no member of {options['team']}.", returncode=REFUSED)
        if not member.can_operate and options["verb"] not in ("export", "diff", "import"):
            raise CommandError(f"{options['user']} needs the role operator.", returncode=REFUSED)
        return member

    def _apply(self, member: Membership, options: dict[str, Any]) -> None:
        applied = files.apply_file(member, self._body(options["file"]))
        self._print_changes(applied)
        outcome = "made" if applied.is_new else "changed" if applied.changes else "as the file has it already"
        self.stdout.write(f"{applied.deployment.slug} is {outcome}.")

    def _diff(self, member: Membership, options: dict[str, Any]) -> None:
        applied = files.apply_file(member, self._body(options["file"]), save=False)
        self._print_changes(applied)
        if applied.is_new or applied.changes:
            sys.exit(FAILED)

    def _export(self, member: Membership, options: dict[str, Any]) -> None:
        deployment = self._deployment(member, options["name"])
        if options["folder"] is None:
            self.stdout.write(files.write_file(deployment), ending="")
            return
        for path, text in seed_folder.folder_of(deployment).items():
            file = Path(options["folder"]) / path
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{file} cannot be written: {error}.", returncode=FAILED) from error
            self.stdout.write(str(file))

    def _import(self, member: Membership, options: dict[str, Any]) -> None:
        folder = Path(options["folder"]).resolve()
        pairs = [text.partition("=") for text in options["stage_connection"]]
        if wrong := [stage for stage, _, connection in pairs if not stage or not connection]:
            raise files.BadFile(f"--stage-connection {wrong[0]} must be STAGE=CONNECTION.")
        imported = folder_import.read_folder(
            _folder_texts(folder),
            name=options["name"] or folder.name,
            connection=options["connection"],
            stage_connections={stage: connection for stage, _, connection in pairs},
            package_group=options["package_group"],
        )
        self.stdout.write(imported.write(), ending="")

    def _promote(self, member: Membership, options: dict[str, Any]) -> None:
        stage = self._stage(member, options)
        version = options["version_number"] or promoting.next_version(stage)
        if version is None:
            raise NotPossible(f"There is no further version for {stage.name}.")
        promotion = promoting.request(stage, version, member=member, note=options["note"])
        until = time.monotonic() + options["wait"]
        while promotion.state == PromotionState.APPROVED and time.monotonic() < until:
            time.sleep(_PAUSE)
            promotion.refresh_from_db()
        self.stdout.write(f"Version {version} to {stage.name}: {promotion.get_state_display().lower()}.")
        if promotion.state in (PromotionState.WAITING, PromotionState.APPROVED):
            sys.exit(WAITS)
        if promotion.state != PromotionState.DEPLOYED:
            raise CommandError(promotion.problem or "It was not deployed.", returncode=FAILED)

    def _run(self, member: Membership, options: dict[str, Any]) -> None:
        run = running.run_now(self._stage(member, options), by=member.user)
        until = time.monotonic() + options["wait"]
        while run.is_under_way and time.monotonic() < until:
            time.sleep(_PAUSE)
            run.refresh_from_db()
        self.stdout.write(f"{run}: {run.get_state_display().lower()}.")
        if run.is_under_way:
            sys.exit(WAITS)
        if run.state != StageRunState.COMPLETED:
            raise CommandError(run.reason or "It did not complete.", returncode=FAILED)

    def _body(self, name: str) -> dict[str, Any]:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise files.BadFile(f"{name} cannot be read: {error}.") from error
        return files.read_file(text)

    def _deployment(self, member: Membership, name: str) -> Deployment:
        deployment = files.find_deployment(member.team, name)
        if deployment is None:
            slugs = ", ".join(queries.deployments(member.team).values_list("slug", flat=True)) or "none yet"
            raise NotPossible(f"There is no deployment {name!r} in {member.team}. There are: {slugs}.")
        return deployment

    def _stage(self, member: Membership, options: dict[str, Any]) -> Stage:
        deployment = self._deployment(member, options["name"])
        stage = queries.find_stage(deployment, options["stage"])
        if stage is None:
            slugs = ", ".join(row.slug for row in queries.stages(deployment))
            raise NotPossible(
                f"There is no stage {options['stage']!r} in {deployment.slug}. There are: {slugs}."
            )
        return stage

    def _print_changes(self, applied: files.Applied) -> None:
        for change in applied.changes:
            self.stdout.write(f"{change.field}: {change.before or 'nothing'} -> {change.after or 'nothing'}")


def _folder_texts(folder: Path) -> dict[str, str]:
    """The texts of the folder's configurations, definitions and scripts, by their paths in it. Raises BadFile."""
    if not folder.is_dir():
        raise files.BadFile(f"{folder} is no folder.")
    texts = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in name.parts)
        if is_hidden or path.suffix not in _SUFFIXES or not path.is_file():
            continue
        if path.stat().st_size > files.MAX_BYTES:
            raise files.BadFile(f"{path} is larger than {files.MAX_BYTES:,} bytes.")
        try:
            texts[name.as_posix()] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise files.BadFile(f"{path} cannot be read: {error}.") from error
    return texts
