"""What the texts of SageMaker's failures and refusals mean, with the texts that people quote."""

from __future__ import annotations

import pytest

from failures import FailureKind, classify, read_refusal

ASK = "Please use AWS Service Quotas to request an increase for this quota."


@pytest.mark.parametrize(
    ("text", "failure", "may_pass"),
    [
        (
            "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML "
            "instance type.",
            FailureKind.CAPACITY,
            True,
        ),
        (
            "InternalServerError: We encountered an internal error.  Please try again.",
            FailureKind.INTERNAL,
            True,
        ),
        ("ClientError: See job logs for more information", FailureKind.CLIENT, False),
        ("AlgorithmError: See job logs for more information", FailureKind.ALGORITHM, False),
        ("AlgorithmError: Model container failed to respond to ping…", FailureKind.ALGORITHM, False),
        ("", FailureKind.UNKNOWN, False),
        ("prod no longer knows this job, so how it ended cannot be told.", FailureKind.UNKNOWN, False),
    ],
)
def test_a_failure_reason_says_whether_the_same_job_may_succeed_another_time(
    text: str, failure: FailureKind, may_pass: bool
) -> None:
    assert classify(text) is failure
    assert failure.may_pass is may_pass


def test_a_refusal_names_its_quota_and_numbers() -> None:
    refusal = read_refusal(
        "The account-level service limit 'ml.m4.xlarge for transform job usage' is 4 Instances, with current "
        f"utilization of 3 Instances and a request delta of 2 Instances. {ASK}"
    )
    assert refusal is not None
    assert (refusal.name, refusal.limit, refusal.used, refusal.requested) == (
        "ml.m4.xlarge for transform job usage",
        4,
        3,
        2,
    )
    assert refusal.is_of_one_type
    assert not refusal.is_hopeless


def test_a_refusal_over_all_types_is_of_no_type_and_one_beyond_the_quota_is_hopeless() -> None:
    refusal = read_refusal(
        "The account-level service limit 'Number of instances across all transform jobs' is 0 Instances, with "
        f"current utilization of 0 Instances and a request delta of 1 Instances. {ASK}"
    )
    assert refusal is not None
    assert not refusal.is_of_one_type
    assert refusal.is_hopeless


@pytest.mark.parametrize("text", ["", "No capacity is left.", "The account-level service limit was reached."])
def test_other_words_are_no_refusal_of_a_quota(text: str) -> None:
    assert read_refusal(text) is None
