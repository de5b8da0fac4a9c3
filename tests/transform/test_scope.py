"""What a scope allows: folders as wholes, names by themselves or by their beginning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transform.scope import EVERYTHING, Scope

SCOPE = Scope.parse(["s3://data/team", "s3://whole"], ["growth-*", "churn"])


@pytest.mark.parametrize(
    ("bucket", "key", "allowed"),
    [
        ("data", "team/", True), ("data", "team/in/1.csv", True), ("data", "team", False), ("data", "team-b/1", False),
        ("data", "", False), ("data", "x/team/", False), ("whole", "", True), ("whole", "any/key", True),
        ("whole-2", "any", False), ("DATA", "team/", False),
    ],
)  # fmt: skip
def test_a_place_is_a_folder_and_all_below_it(bucket: str, key: str, allowed: bool) -> None:
    assert SCOPE.allows(bucket, key) is allowed
    assert SCOPE.allows_uri(f"s3://{bucket}/{key}") is allowed


def test_an_output_path_may_leave_its_last_slash_out() -> None:
    assert SCOPE.allows_output("s3://data/team")
    assert not SCOPE.allows_uri("s3://data/team")
    assert not SCOPE.allows_output("s3://data/team-b")
    assert not SCOPE.allows_output("nonsense")


@pytest.mark.parametrize(
    ("name", "model", "job"),
    [
        ("growth-xgb", True, True), ("growth-", True, True), ("growth", False, False), ("churn", True, True),
        ("churn-20260101", False, True), ("churning", False, False), ("other", False, False),
    ],
)  # fmt: skip
def test_a_job_may_be_named_after_an_allowed_model(name: str, model: bool, job: bool) -> None:
    assert (SCOPE.allows_model(name), SCOPE.allows_job(name)) == (model, job)


def test_the_beginning_of_names_is_covered_only_if_all_of_them_are() -> None:
    assert [SCOPE.covers(text) for text in ("growth-x", "growth", "churn-1", "churn", "")] == [
        True, False, True, False, False,
    ]  # fmt: skip


def test_what_leads_to_a_place_is_what_contains_it_or_lies_in_it() -> None:
    assert [SCOPE.leads_to("data", prefix) for prefix in ("", "te", "team/", "team/in", "x")] == [
        True, True, True, True, False,
    ]  # fmt: skip


def test_an_empty_scope_is_everything() -> None:
    everything = Scope()
    assert everything.is_everything
    assert everything.allows("any", "key")
    assert everything.allows_uri("nonsense")
    assert everything.allows_model("any")
    assert everything.allows_job("any")
    assert everything.covers("")


@pytest.mark.parametrize(
    "place", ["", "data/team", "https://data/team", "s3://", "s3:///x", "s3://A_B/", "s3://a"]
)
def test_a_place_that_is_none_is_told(place: str) -> None:
    with pytest.raises(ValueError, match="is no place in S3"):
        Scope.parse([place], [])


@pytest.mark.parametrize("name", ["", "*", "a b", "a*b", "-a", "a_b", "x" * 65])
def test_a_name_that_is_none_is_told(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a model"):
        Scope.parse([], [name])


@pytest.mark.parametrize(
    ("places", "names", "contained"),
    [
        (["s3://data/team/in/"], ["growth-a*", "churn"], True),
        (["s3://data/"], ["churn"], False),
        (["s3://data/team/"], ["churn*"], False),
        ([], ["churn"], False),
        (["s3://data/team/"], [], False),
    ],
)
def test_a_scope_contains_what_allows_nothing_more(
    places: list[str], names: list[str], contained: bool
) -> None:
    assert SCOPE.contains(Scope.parse(places, names)) is contained
    assert EVERYTHING.contains(Scope.parse(places, names))
    assert not replace(SCOPE, reads_only=True).contains(SCOPE)
