"""The kinds of events that a rule can choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """A kind of event: its word in the API and webhooks, its label, and what it means. `of_job`: it is about a job."""

    word: str
    label: str
    help_text: str
    of_job: bool = True


EVENT_KINDS: tuple[NotificationKind, ...] = (
    NotificationKind("job.completed", "Completed", "A job completed, with or without warnings."),
    NotificationKind(
        "job.warnings", "Completed with warnings", "A job completed, but outputs are missing or not counted."
    ),
    NotificationKind("job.failed", "Failed", "SageMaker gave up on a job."),
    NotificationKind("job.rejected", "Rejected", "SageMaker refused a job's request for good."),
    NotificationKind("job.stopped", "Stopped", "A job was stopped by a person, a deadline or a cost cap."),
    NotificationKind("job.cancelled", "Cancelled", "A job was withdrawn while it waited."),
    NotificationKind(
        "job.at_risk",
        "At risk",
        "A running job comes near its deadline or cost cap, or has been silent for long.",
    ),
    NotificationKind(
        "outputs.missed",
        "Output check missed",
        "The outputs of a completed job miss an output check of its model or preset.",
        of_job=False,
    ),
    NotificationKind(
        "outputs.held",
        "Outputs held",
        "The outputs of a completed job miss an output check that holds them until a person accepts or refuses them.",
        of_job=False,
    ),
    NotificationKind(
        "stage.waiting",
        "Waits for approval",
        "A version is offered to a stage of a deployment, or waits for approval.",
        of_job=False,
    ),
    NotificationKind(
        "promotion.failed", "Promotion failed", "A version could not be deployed to a stage.", of_job=False
    ),
    NotificationKind("token.ending", "Token ends soon", "An API token ends within seven days.", of_job=False),
    NotificationKind(
        "budget.reached",
        "Budget reached",
        "A month's spend reaches the team's budget, or the share of it that warns.",
        of_job=False,
    ),
    NotificationKind("run.failed", "Run failed", "A run of a deployment or a schedule failed.", of_job=False),
)
#: Labels by word.
LABELS = {kind.word: kind.label for kind in EVENT_KINDS}
#: Kinds of events that are not about a job.
BESIDE_JOBS = frozenset(kind.word for kind in EVENT_KINDS if not kind.of_job)
#: Kinds of messages that no rule chooses: a test, and several events in one.
TEST, DIGEST = "test", "digest"


#: The more general kind that includes a kind.
_INCLUDED_IN = {"job.warnings": "job.completed", "outputs.held": "outputs.missed"}


def chooses(words: list[str], word: str) -> bool:
    """Whether a rule with these kinds chooses an event of this kind, or the more general kind that includes it."""
    return word in words or _INCLUDED_IN.get(word) in words
