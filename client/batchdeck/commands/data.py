"""Commands that move data: downloads and uploads."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from batchdeck.commands.completing import JobId
from batchdeck.downloads import Download, fetch_all
from batchdeck.exit_codes import ExitCode, code_of_error, code_of_state
from batchdeck.parallel import AT_ONCE
from batchdeck.printing import Printer, cell
from batchdeck.session import Session, command, print_error, program
from batchdeck.uploads import Source, is_there, send_all, sources_of

_AT_ONCE = click.option(
    "--at-once",
    type=click.IntRange(1, 32),
    default=AT_ONCE,
    show_default=True,
    help="Files at the same time.",
)


@click.command()
@click.argument("source", type=JobId(), metavar="JOB|s3://FOLDER")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="The folder to write to; the name of the job."
)
@click.option("--connection", help="Of an s3:// folder: the slug of its connection.")
@_AT_ONCE
@command
def download(
    session: Session, source: str, folder: Path | None, connection: str | None, at_once: int
) -> None:
    """Download all outputs of a job, or a folder of S3.

    The same command goes on after an interruption; files that are complete are not fetched again.
    """
    if source.startswith("s3://"):
        folder = folder or Path(source.rstrip("/").rpartition("/")[2])
        downloads = _of_folder(session, session.connection(connection), source)
    else:
        folder = folder or Path(session.client.jobs.get(source)["name"])
        downloads = _of_job(session, source)
    counts = {"files": 0, "there": 0, "failed": 0}
    code = ExitCode.DONE
    with _Bars(session.printer) as bars:
        try:
            for outcome in fetch_all(downloads, folder, at_once=at_once, arrived=bars.arrived):
                bars.end(outcome.download)
                counts["files" if outcome.error is None else "failed"] += 1
                counts["there"] += outcome.was_there
                if outcome.error:
                    code = max(code, code_of_error(outcome.error))
                    print_error(session.printer, outcome.error)
        except KeyboardInterrupt:
            session.printer.note(f"What has come is kept in {folder}. Go on with the same command.")
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    if not session.printer.result({"folder": str(folder), **counts}):
        presence_text = f", {counts['there']} of them were there" if counts["there"] else ""
        failure_text = f"; {counts['failed']} failed" if counts["failed"] else ""
        session.printer.line(f"{counts['files']} files in {folder}{presence_text}{failure_text}.")
    raise click.exceptions.Exit(code)


def _of_job(session: Session, job: str) -> Iterator[Download]:
    jobs = session.client.jobs
    for output in jobs.outputs(job):
        opening = functools.partial(_open_output, session, job, output["key"])
        yield Download(output["name"], output["size"], output["modified"], opening)


def _open_output(session: Session, job: str, key: str, headers: Any) -> Any:
    return session.client.jobs.open_output(job, key, headers=headers)


def _of_folder(session: Session, connection: str, folder: str) -> Iterator[Download]:
    for entry in session.client.data.list(connection, folder):
        opening = functools.partial(_open_object, session, connection, entry["uri"])
        yield Download(entry["name"], entry["size"], entry["modified"], opening)


def _open_object(session: Session, connection: str, uri: str, headers: Any) -> Any:
    return session.client.data.open(connection, uri, headers=headers)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.argument("folder", metavar="s3://FOLDER/")
@click.option("--connection", help="The slug of the connection; may be left out if the team has one only.")
@click.option("--replace", is_flag=True, help="Replace objects that are there.")
@_AT_ONCE
@command
def upload(
    session: Session,
    paths: tuple[Path, ...],
    folder: str,
    connection: str | None,
    replace: bool,
    at_once: int,
) -> None:
    """Upload files and folders to a folder of S3.

    A folder's files go below the target under their names in the folder. The same command goes on after an
    interruption.
    """
    if not folder.startswith("s3://"):
        raise click.UsageError("The last argument must be a folder such as s3://bucket/folder/.")
    sources = sources_of(paths)
    connection = session.connection(connection)
    uris: list[str] = []
    code = ExitCode.DONE
    with _Bars(session.printer) as bars:
        try:
            sending = send_all(
                session.client.data,
                connection,
                sources,
                folder,
                replace=replace,
                at_once=at_once,
                sent=bars.arrived,
            )
            for outcome in sending:
                bars.end(outcome.source)
                if outcome.error is None:
                    uris.append(outcome.uri)
                    continue
                code = max(code, code_of_error(outcome.error))
                more = " --replace replaces it." if is_there(outcome.error) else ""
                session.printer.note(
                    f"{program()}: {outcome.source.name}: {outcome.error}{more}", style="red"
                )
        except KeyboardInterrupt:
            session.printer.note("Parts that were sent are kept. Go on with the same command.")
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    if not session.printer.result({"uris": uris, "failed": len(sources) - len(uris)}):
        session.printer.line(f"{len(uris)} of {len(sources)} files are in {folder}.")
    raise click.exceptions.Exit(code)


@click.command()
@click.argument("source", metavar="s3://PARQUET")
@click.option(
    "--to",
    "text_format",
    type=click.Choice(["jsonlines", "csv"]),
    default="jsonlines",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--header", is_flag=True, help="Begin CSV with the columns' names; a job sends them to the model."
)
@click.option("--into", "target", default="", help="Where to write to; by default beside the source.")
@click.option("--replace", is_flag=True, help="Replace objects that are there.")
@click.option("--connection", help="The slug of the connection; may be left out if the team has one only.")
@click.option("--watch", is_flag=True, help="Wait for its end; the exit code tells how it ended.")
@command
def convert(
    session: Session,
    source: str,
    text_format: str,
    header: bool,
    target: str,
    replace: bool,
    connection: str | None,
    watch: bool,
) -> None:
    """Convert a Parquet file, or all of a folder of S3, to JSON Lines or CSV, which a job can split."""
    data, connection = session.client.data, session.connection(connection)
    answer = data.convert(connection, source, to=text_format, header=header, output=target, replace=replace)
    if watch:
        try:
            answer = data.wait_for_conversion(connection, answer["id"])
        except KeyboardInterrupt:
            session.printer.note("The conversion goes on; the Data page shows it.")
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    if not session.printer.result(answer):
        session.printer.facts({name: answer[name] for name in ("id", "state", "rows", "output")})
        if answer["problem"]:
            session.printer.line(answer["problem"], style="red")
    raise click.exceptions.Exit(code_of_state(answer["state"]) if watch else ExitCode.DONE)


class _Bars:
    """Bars for the files under way and for all bytes, on a terminal alone."""

    def __init__(self, printer: Printer) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        self._progress = Progress(
            *columns, console=printer.err, transient=True, disable=not printer.err.is_terminal
        )
        self._all = self._progress.add_task("all", total=0)
        self._tasks: dict[Download | Source, Any] = {}
        self._total = 0
        # Pieces arrive in several threads.
        self._lock = threading.Lock()

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def arrived(self, item: Download | Source, count: int) -> None:
        """So many further bytes of it."""
        with self._lock:
            task = self._tasks.get(item)
            if task is None:
                task = self._tasks[item] = self._progress.add_task(cell(item.name)[-40:], total=item.size)
                self._total += item.size
                self._progress.update(self._all, total=self._total)
            self._progress.advance(task, count)
            self._progress.advance(self._all, count)

    def end(self, item: Download | Source) -> None:
        """Take its bar away."""
        with self._lock:
            if (task := self._tasks.pop(item, None)) is not None:
                self._progress.remove_task(task)


@click.command("make-bucket")
@click.argument("name")
@click.option("--connection", help="Its slug; may be left out if the team has one only.")
@command
def make_bucket(session: Session, name: str, connection: str | None) -> None:
    """Make a bucket on an engine; buckets on AWS are made there."""
    uri = session.client.data.make_bucket(session.connection(connection), name)
    if not session.printer.result({"uri": uri}):
        session.printer.line(uri)
