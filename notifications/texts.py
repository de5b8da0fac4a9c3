"""The texts of all messages: made from what a delivery has to say, for mail, Slack, the browser and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from failures import cause_named
from jobs.costs import dollars
from jobs.models import TransformJob
from jobs.states import JobState
from notifications.kinds import DIGEST, LABELS, TEST

#: Events that a digest lists; it says how many more there are.
LISTED = 20


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message for people: one line, further lines, and the address of its page, empty if that is not known."""

    title: str
    lines: tuple[str, ...]
    url: str

    @property
    def plain(self) -> str:
        """The lines and the address as the body of a mail."""
        return "\n".join([*self.lines, *(["", self.url] if self.url else [])]) + "\n"

    @property
    def slack(self) -> str:
        """The message in Slack's mrkdwn."""
        title = _escaped(self.title)
        head = f"*<{self.url}|{title}>*" if self.url else f"*{title}*"
        return "\n".join([head, *(_escaped(line) for line in self.lines)])


def title_of_job(job: TransformJob, kind: str) -> str:
    """What happened to the job, in one line."""
    if kind == "job.at_risk":
        return f"At risk: {job.name}"
    if kind == "job.warnings":
        return f"Completed with warnings: {job.name}"
    return f"{JobState(job.state).label}: {job.name}"


def next_step(job: TransformJob, kind: str) -> str:
    """What to do now, as a sentence; empty where there is nothing to do."""
    if kind == "job.at_risk":
        return "Look at its log, or stop it; it is stopped by itself when the limit is reached."
    if job.state == JobState.FAILED and job.next_attempt_at is not None:
        return "It is submitted again by itself."
    if job.state in (JobState.FAILED, JobState.REJECTED):
        return (
            cause_named(job.cause).advice
            if job.cause and job.cause != "unknown"
            else "Look at its page for why."
        )
    if kind == "job.warnings":
        return "Look at its files; “Finish missing” runs what has no output."
    return ""


def message_text(payload: Mapping[str, Any]) -> MessageText:
    """The message of a delivery's payload."""
    kind, data = payload["type"], payload["data"]
    if kind == DIGEST:
        return _digest_text(data)
    if kind == TEST:
        return MessageText(data["title"], (data["reason"],), data["url"])
    lines = [data["reason"]] if data.get("reason") else []
    lines += _facts(data)
    if data.get("next_step"):
        lines.append(data["next_step"])
    return MessageText(data["title"], tuple(lines), data["url"])


def absolute(path: str) -> str:
    """The address that a person outside can open; empty if the installation's address is not set."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL and path else ""


def digest_title(counts: Mapping[str, int]) -> str:
    """How many events there were, by kind: "12 events: 9 completed, 3 failed"."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return f"{total:,} events: {', '.join(f'{n:,} {LABELS.get(kind, kind).lower()}' for kind, n in ordered)}"


def digest_data(parts: Sequence[Mapping[str, Any]], path: str) -> dict[str, Any]:
    """The data of a digest of these payloads."""
    counts = Counter(str(part["type"]) for part in parts)
    rows = [
        {
            "type": part["type"],
            "timestamp": part["timestamp"],
            "title": part["data"]["title"],
            "url": part["data"]["url"],
        }
        for part in parts
    ]
    return {
        "title": digest_title(counts),
        "count": len(parts),
        "counts": dict(counts),
        "events": rows[:LISTED],
        "url": absolute(path),
    }


def _digest_text(data: Mapping[str, Any]) -> MessageText:
    lines = [f"{row['title']} {row['url']}".rstrip() for row in data["events"]]
    more = data["count"] - len(data["events"])
    if more:
        lines.append(f"and {more:,} more")
    return MessageText(data["title"], tuple(lines), data["url"])


def _facts(data: Mapping[str, Any]) -> list[str]:
    """The known facts of a job, one a line."""
    submitter = data.get("submitted_by")
    facts = {
        "Model": data.get("model"),
        "Connection": data.get("connection"),
        "Submitted by": submitter,
        "Cause": data.get("cause_title"),
        "Duration": _clock(data.get("duration_seconds")),
        "Cost": dollars_of(data.get("cost_usd")),
        "Outputs": _outputs(data),
    }
    return [f"{name}: {value}" for name, value in facts.items() if value]


def _outputs(data: Mapping[str, Any]) -> str:
    count, total = data.get("objects_done"), data.get("objects_total")
    return f"{count:,} of {total:,}" if count is not None and total is not None else ""


def dollars_of(amount: str | None) -> str:
    """An amount of a payload in words; empty for None."""

    return dollars(Decimal(amount)) if amount is not None else ""


def _clock(seconds: int | None) -> str:
    if not seconds:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def iso(at: datetime | None) -> str | None:
    """A time for a payload."""
    return at.isoformat() if at else None


def _escaped(text: str) -> str:
    """https://api.slack.com/reference/surfaces/formatting#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "¦")
