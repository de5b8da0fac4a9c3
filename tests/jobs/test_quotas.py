"""Quotas of an account: read from the real engine's Service Quotas, held to, and shown with where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from aws import Unreachable
from aws.quotas import transform_quotas
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.queue import queueing, quotas, starting
from jobs.models import Connection, Quotas, TransformJob
from jobs.services.connections import limits
from jobs.services.listing.display import for_display
from jobs.states import JobState, WaitsFor
from jobs.tasks import read_due_quotas
from tests.cast import House
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db
G5, M5, P3 = "ml.g5.xlarge", "ml.m5.large", "ml.p3.2xlarge"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with small quotas."""
    quota = f"{G5}=3,{P3}=0,total=5"
    process = EngineProcess(tmp_path_factory.mktemp("small"), ENGINE_QUOTAS=quota).start()
    yield process
    process.stop()


@pytest.fixture
def scarce(house: House, small: EngineProcess, settings: Any) -> House:
    """Alice's team on that engine."""
    settings.ENGINE_CREDENTIALS = small.data_dir / "credentials.json"
    Connection.objects.filter(pk=house.connection.pk).update(endpoint_url=small.url)
    house.connection.refresh_from_db()
    return house


@pytest.fixture
def house_with_quotas(house: House) -> House:
    """Alice's team, whose account's quotas were read."""
    Quotas.objects.create(
        connection=house.connection,
        instances=5,
        instances_per_type={G5: 3, P3: 0},
        read_at=timezone.now(),
        tried_at=timezone.now(),
    )
    return house


def waiting(house: House, instance_type: str, count: int = 1, **fields: Any) -> TransformJob:
    values = {"waits_for": WaitsFor.TURN, "state_reason": queueing.ITS_TURN, **fields}
    return house.job(instance_type=instance_type, instance_count=count, **values)


def reason_of(job: TransformJob) -> str:
    job.refresh_from_db()
    return for_display([job])[0].state_reason


def test_the_engines_quotas_are_read_by_type_and_together(scarce: House) -> None:
    engine_quotas = transform_quotas(target_of(scarce.connection))
    assert engine_quotas.instances == 5
    # Of the others the engine has so much that it is no limit.
    assert engine_quotas.instances_per_type == {G5: 3, P3: 0}


def test_an_engine_without_limits_has_none(real: House) -> None:
    engine_quotas = transform_quotas(target_of(real.connection))
    assert (engine_quotas.instances, engine_quotas.instances_per_type) == (None, {})


def test_quotas_are_read_once_an_hour_and_only_while_there_is_work(scarce: House) -> None:
    assert quotas.due_connections() == [scarce.connection.pk]
    assert quotas.refresh(scarce.connection.pk) == ""
    read = Quotas.objects.get()
    assert (read.instances, read.problem) == (5, "")
    assert quotas.due_connections() == []
    Quotas.objects.update(tried_at=timezone.now() - timedelta(hours=2), instances=1)
    assert quotas.due_connections() == []
    scarce.job()
    assert quotas.due_connections() == [scarce.connection.pk]
    read_due_quotas()
    quotas.refresh(scarce.connection.pk)
    assert Quotas.objects.get().instances == 5
    # Another worker that is told the same finds it done.
    Quotas.objects.update(instances=1)
    assert quotas.refresh(scarce.connection.pk) == ""
    assert Quotas.objects.get().instances == 1


def test_what_was_read_still_holds_when_a_later_try_fails(house_with_quotas: House) -> None:
    with pytest.raises(Unreachable):
        quotas.read(house_with_quotas.connection, target_of(house_with_quotas.connection))
    stored_quotas = Quotas.objects.get()
    assert (stored_quotas.instances, stored_quotas.instances_per_type[G5]) == (5, 3)
    assert "cannot be reached" in stored_quotas.problem
    house_with_quotas.connection.refresh_from_db()


def test_a_quota_that_is_used_up_is_waited_for_without_asking_sagemaker(house_with_quotas: House) -> None:
    house_with_quotas.job(JobState.IN_PROGRESS, instance_type=G5, instance_count=2)
    large, small = waiting(house_with_quotas, G5, 2), waiting(house_with_quotas, G5)
    assert starting.start(large.pk) is starting.Started.ITS_TURN
    assert reason_of(large) == f"2 of 3 {G5} of the account's quota in use, it needs 2; 1st in line."
    assert reason_of(small) == f"Behind other {G5} jobs on Engine; 2nd in line."
    assert queueing.next_in_line(house_with_quotas.connection, 9) == []
    m5_job = waiting(house_with_quotas, M5, 4)
    assert reason_of(m5_job) == "2 of 5 instances of the account's quota in use, it needs 4; 1st in line."


def test_a_job_that_no_quota_allows_says_what_to_do(house_with_quotas: House) -> None:
    job = waiting(house_with_quotas, P3)
    assert reason_of(job).startswith(
        f"It needs 1 {P3} and the account's quota is 0. Ask AWS for a higher quota"
    )
    assert queueing.next_in_line(house_with_quotas.connection, 9) == []


def test_a_limit_set_by_hand_goes_first(house_with_quotas: House) -> None:
    house_with_quotas.connection.max_instances_per_type = {G5: 1, P3: 2}
    house_with_quotas.connection.max_instances = 50
    house_with_quotas.connection.save()
    house_with_quotas.job(JobState.IN_PROGRESS, instance_type=G5)
    assert reason_of(waiting(house_with_quotas, G5)) == f"1 of 1 {G5} in use on Engine; 1st in line."
    allowed, beyond = waiting(house_with_quotas, P3), waiting(house_with_quotas, M5, 9)
    assert queueing.next_in_line(house_with_quotas.connection, 9) == [allowed, beyond]


def test_a_job_with_fallback_types_is_tried_so_that_a_refusal_leads_to_the_next(
    house_with_quotas: House,
) -> None:
    job = waiting(house_with_quotas, P3, fallback_instance_types=[M5])
    assert queueing.next_in_line(house_with_quotas.connection, 9) == [job]


def test_an_admin_reads_quotas_on_the_connections_page_and_sees_where_each_limit_is_from(
    scarce: House,
) -> None:
    scarce.connection.max_running = 4
    scarce.connection.max_instances_per_type = {G5: 2}
    scarce.connection.save()
    admin = scarce.page("alice")
    before = admin.get("/connections/engine/").content.decode()
    assert "Quotas have not been read yet" in before
    answer = Page(admin.post("/connections/engine/quotas/", follow=True)).text
    assert "The quotas of Engine are read." in answer
    assert "set by hand" in answer
    assert "set by hand, quota 3" in answer
    assert "the account\u2019s quota" in answer
    assert "1 instance type with a quota of 0 is not shown" in answer
    assert scarce.page("bob").post("/connections/engine/quotas/").status_code == 403


def test_a_page_says_why_quotas_could_not_be_read(house: House) -> None:
    answer = house.page("alice").post("/connections/engine/quotas/", follow=True).content.decode()
    assert "The quotas could not be read: The engine at http://127.0.0.1:9 cannot be reached." in answer
    assert "The last try to read the quotas failed" in answer


def test_the_api_reads_and_tells_limits(scarce: House) -> None:
    address = "/api/v1/connections/engine/quotas/"
    assert scarce.api("bob").post(address).status_code == 403
    answer = scarce.api("alice").post(address)
    assert answer.status_code == 200, answer.content
    body = scarce.api("vera").get(address).json()
    assert body["read_at"]
    assert body["forbidden"] == 1
    rows = {row["what"]: row for row in body["results"]}
    assert rows["Instances at once"]["most"] == 5
    assert rows[G5] == {
        "what": G5, "instance_type": G5, "most": 3, "used": 0, "by_hand": False, "quota": 3,
    }  # fmt: skip
    assert rows["Jobs at once"]["most"] is None


def test_the_api_says_why_quotas_could_not_be_read(house: House) -> None:
    answer = house.api("alice").post("/api/v1/connections/engine/quotas/")
    assert answer.status_code == 503
    body = house.api("alice").get("/api/v1/connections/engine/quotas/").json()
    assert "cannot be reached" in body["problem"]
    assert body["read_at"] is None


def test_quotas_that_one_team_read_hold_for_others_in_the_same_account(
    house_with_quotas: House, other_house: House
) -> None:
    account_limits = limits.of(other_house.connection)
    assert {row.what: row.most for row in account_limits.rows}[G5] == 3
    house_with_quotas.job(JobState.IN_PROGRESS, instance_type=G5, instance_count=3)
    assert f"3 of 3 {G5} of the account's quota in use" in reason_of(waiting(other_house, G5))
