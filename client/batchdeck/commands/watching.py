"""Waiting for a job with its progress on the terminal."""

from __future__ import annotations

from typing import Any

from batchdeck.errors import BatchdeckError
from batchdeck.exit_codes import ExitCode, code_of_state
from batchdeck.printing import Printer, safe
from batchdeck.session import Session, program


class Interrupted(BatchdeckError):
    """Ctrl-C; the text says how to go on."""


def watch(session: Session, job: str, *, timeout: float | None, exit_status: bool) -> ExitCode:
    """Wait until the job has ended and print it; the exit code tells its state if `exit_status`."""
    progress = _Progress(session.printer)
    try:
        with progress:
            answer = session.client.jobs.wait(job, timeout=timeout, look=progress.look)
    except KeyboardInterrupt:
        session.printer.note(
            f"The job goes on. Watch it again: {program()} watch {job}. Stop it: {program()} stop {job}."
        )
        return ExitCode.INTERRUPTED
    print_end(session.printer, answer)
    return code_of_state(answer["state"]) if exit_status else ExitCode.DONE


def print_end(printer: Printer, job: Any) -> None:
    """The state of an ended job, and what a person has to know about it."""
    if printer.result(job):
        return
    printer.facts({"id": job["id"], "state": job["state"], "outputs": outputs_text(job), "page": job["url"]})
    for warning in job["warnings"]:
        printer.line(f"Warning: {warning}", style="yellow")
    if job["failure"]:
        print_failure(printer, job["failure"])
    elif job["state"] != "COMPLETED" and job["state_reason"]:
        printer.line(job["state_reason"])


def print_failure(printer: Printer, failure: Any) -> None:
    """Why a job failed, what shows it, and what to do."""
    printer.line(failure["title"], style="red")
    if failure["quoted"]:
        printer.line("\n".join(f"  | {line}" for line in failure["quoted"].splitlines()))
    printer.line(failure["advice"])
    if failure["unread"]:
        printer.line("The job's log is still to be read; it may show another cause.")
    if change := failure["change"]:
        printer.line(f"{change['says']} ({change['field']}: {change['value'] or 'left out'})")
        printer.line(f"Try it: {change['url']}")


def outputs_text(job: Any) -> str:
    """How many outputs there are of how many."""
    if job["objects_total"] is None:
        return ""
    return f"{job['objects_done'] or 0} of {job['objects_total']}"


class _Progress:
    """A line that changes on a terminal; elsewhere a line for each change of state."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._status = printer.err.status("") if printer.err.is_terminal else None
        self._last = ""

    def __enter__(self) -> None:
        if self._status:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def look(self, job: Any) -> None:
        """Show an answer."""
        outputs = outputs_text(job)
        text = job["state"] + (f", {outputs} outputs" if outputs else "")
        if job["state"] == "WAITING" and job["state_reason"]:
            text += f": {job['state_reason']}"
        if self._status:
            self._status.update(safe(text).replace("[", "\\["))
        elif job["state"] != self._last:
            self._printer.note(f"{job['id']}: {text}")
        self._last = job["state"]
