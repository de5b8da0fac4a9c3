"""Images that no runtime serves, run by a real Docker daemon as containers of a job."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import docker
import pytest

from tests.engine.containers.jobs import (
    EMPTY_IMAGE,
    IMAGE,
    MISSING_IMAGE,
    container_of,
    containers_of,
    networks,
)
from tests.engine.transforms import Transform, container, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until

pytestmark = pytest.mark.xdist_group("docker")

#: The capabilities that containers keep, by their bits (capabilities(7)): chown 0, dac_override 1, fowner 3, kill 5,
#: setgid 6, setuid 7, net_bind_service 10.
CAPABILITIES = sum(1 << bit for bit in (0, 1, 3, 5, 6, 7, 10))


#: What becomes of a connection without a network: the first as newer daemons have it, the second as older ones.
UNREACHABLE = ("OSError: Network is unreachable", "OSError: No route to host")


def answers(engine: EngineProcess, *orders: str, **request: Any) -> list[str]:
    """What a container answers to these records."""
    body = "\n".join(orders).encode()
    job = transform(
        engine,
        {"x": body},
        containers=[container_of(engine)],
        TransformOutput={"AssembleWith": "Line"},
        **request,
    )
    return job.completed().outputs["x.out"].decode().splitlines()


def running(job: Transform) -> Transform:
    """The job, once its container has got a request."""
    until(lambda: "got " in job.log, f"a request of {job.name}")
    return job


def test_an_image_that_no_runtime_serves_runs_as_its_container_with_the_model(
    docker_engine: EngineProcess, docker_client: docker.APIClient
) -> None:
    before = networks(docker_client)
    job = transform(
        docker_engine, {"a": b"one\ntwo\n", "b": b"print three"}, containers=[container_of(docker_engine)]
    ).completed()
    assert job.outputs == {"a.out": b"ranked oneranked two", "b.out": b"three"}
    assert job.log.splitlines()[0] == "started as serve"
    assert "three" in job.log.splitlines(), "what the container prints"
    assert containers_of(docker_client, job.name) == []
    assert networks(docker_client) == before


def test_a_container_gets_the_documented_variables_and_those_of_the_job(docker_engine: EngineProcess) -> None:
    (answer,) = answers(
        docker_engine,
        "environment",
        environment={"COLOUR": "blue\ngreen", "PATH_OF_MINE": "=x y"},
        MaxConcurrentTransforms=2,
        MaxPayloadInMB=1,
        BatchStrategy="SingleRecord",
    )
    variables = json.loads(answer)
    expected = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
        "SAGEMAKER_MODEL_DIR": "/opt/ml/model",
        "SAGEMAKER_BIND_TO_PORT": "8080",
        "COLOUR": "blue\ngreen",
        "PATH_OF_MINE": "=x y",
        "PATH": "/usr/local/bin",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert not [name for name in variables if name.startswith(("AWS_", "ENGINE_"))]


def test_the_parameters_that_a_container_offers_are_taken(docker_engine: EngineProcess) -> None:
    job = transform(docker_engine, {"x": b"a"}, containers=[container_of(docker_engine)]).completed()
    assert "MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD" in job.data_log


def test_a_container_reads_its_model_and_writes_its_tmp_and_sees_nothing_of_the_engine(
    docker_engine: EngineProcess,
) -> None:
    credentials = docker_engine.data_dir / "credentials.json"
    assert answers(
        docker_engine,
        "read /opt/ml/model/word",
        "write /opt/ml/model/word",
        "write /tmp/scratch",
        f"read {credentials}",
        "read /var/run/docker.sock",
    ) == [
        "ranked",
        "OSError: Read-only file system",
        "written",
        "FileNotFoundError: No such file or directory",
        "FileNotFoundError: No such file or directory",
    ]


def test_a_container_has_few_rights_and_the_limits_of_its_instance(
    docker_engine: EngineProcess, docker_client: docker.APIClient
) -> None:
    job = running(transform(docker_engine, {"x": b"sleep"}, containers=[container_of(docker_engine)]))
    (details,) = containers_of(docker_client, job.name)
    limits = {name: details["HostConfig"][name] for name in ("Memory", "MemorySwap", "PidsLimit", "NanoCpus")}
    job.stop()
    megabytes = 200 * 1024**2
    processors = min(2, docker_client.info()["NCPU"])
    assert limits == {
        "Memory": megabytes,
        "MemorySwap": megabytes,
        "PidsLimit": 50,
        "NanoCpus": processors * 10**9,
    }
    (answer,) = answers(docker_engine, "status")
    status = json.loads(answer)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapBnd"], 16) == CAPABILITIES
    assert status["Seccomp"] == "2", "Docker's filter of system calls"


def test_a_container_reaches_no_network(docker_engine: EngineProcess) -> None:
    assert answers(docker_engine, "connect 192.0.2.1")[0] in UNREACHABLE


def test_with_ports_to_connect_to_a_container_has_a_network_unless_its_model_is_isolated(
    daemon: str, docker_client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("connecting")
    engine = EngineProcess(folder, ENGINE_DOCKER=daemon, ENGINE_CONNECT_PORTS="443").start()
    try:
        job = running(transform(engine, {"x": b"a\nsleep"}, containers=[container_of(engine)]))
        (details,) = containers_of(docker_client, job.name)
        job.stop()
        assert {binding["HostIp"] for binding in details["NetworkSettings"]["Ports"]["8080/tcp"]} == {
            "127.0.0.1"
        }
        assert gateway(details), "a way out of its network"
        (answer,) = answers(engine, "connect 192.0.2.1", isolated=True)
        assert answer in UNREACHABLE
    finally:
        engine.stop()


def gateway(details: dict[str, Any]) -> str:
    """The address through which a container reaches other networks."""
    (network,) = details["NetworkSettings"]["Networks"].values()
    return str(network["Gateway"])


def test_a_container_that_needs_more_memory_than_its_instance_has_fails_the_job_with_that_reason(
    docker_engine: EngineProcess,
) -> None:
    job = transform(docker_engine, {"x": b"take 300"}, containers=[container_of(docker_engine)])
    assert "use more than 200 MiB of memory" in job.failed()


def test_a_container_that_fills_its_disk_fails_the_job_with_that_reason(docker_engine: EngineProcess) -> None:
    job = transform(docker_engine, {"x": b"fill 70"}, containers=[container_of(docker_engine)])
    assert "hold more than 60 MiB on disk" in job.failed()


def test_a_container_that_ends_at_its_start_fails_the_job_with_its_last_words(
    docker_engine: EngineProcess, docker_client: docker.APIClient
) -> None:
    ending = container_of(docker_engine, END_AT_START="1")
    job = transform(docker_engine, {"x": b"a"}, containers=[ending])
    assert job.failed() == (
        "AlgorithmError: The model container ended before it was ready (exit status 1): no licence for this model"
    )
    assert containers_of(docker_client, job.name) == []


def test_a_container_that_ends_again_and_again_fails_the_job_after_one_restart(
    docker_engine: EngineProcess,
) -> None:
    job = transform(docker_engine, {"x": b"end"}, containers=[container_of(docker_engine)])
    assert "ended while it served (exit status 3), and again after a restart" in job.failed()
    assert job.log.count("started as serve") == 2


def test_an_image_without_serve_fails_the_job_and_is_named(
    docker_engine: EngineProcess, docker_client: docker.APIClient
) -> None:
    before = networks(docker_client)
    job = transform(docker_engine, {"x": b"a"}, containers=[container_of(docker_engine, image=EMPTY_IMAGE)])
    reason = job.failed()
    assert reason.startswith(f"ClientError: A container of image {EMPTY_IMAGE} cannot be started: ")
    assert "The image must have a program `serve`" in reason
    assert containers_of(docker_client, job.name) == []
    assert networks(docker_client) == before


def test_an_image_that_cannot_be_pulled_is_named_with_the_fix(docker_engine: EngineProcess) -> None:
    job = transform(docker_engine, {"x": b"a"}, containers=[container_of(docker_engine, image=MISSING_IMAGE)])
    reason = job.failed()
    assert reason.startswith(
        f"ClientError: The Docker daemon does not have image {MISSING_IMAGE} and cannot pull it: "
    )
    assert "connection refused" in reason
    assert "log in to its registry (docker login), or pull or import it beforehand" in reason
    assert f"Pulling image {MISSING_IMAGE}" in job.log


def test_a_pipeline_goes_through_containers_and_servers_alike(docker_engine: EngineProcess) -> None:
    containers = [
        container_of(docker_engine, "first"),
        container(docker_engine),
        container_of(docker_engine, "third"),
    ]
    job = transform(docker_engine, {"x": b"a"}, containers=containers).completed()
    assert job.outputs == {"x.out": b"third FIRST A"}
    assert sorted(stream.rpartition("/")[2] for stream in job.streams) == [
        "container-1",
        "container-2",
        "container-3",
        "data-log",
    ]


def test_a_job_that_is_stopped_ends_with_its_container(
    docker_engine: EngineProcess, docker_client: docker.APIClient
) -> None:
    job = running(transform(docker_engine, {"x": b"sleep"}, containers=[container_of(docker_engine)]))
    assert len(containers_of(docker_client, job.name)) == 1
    job.stop()
    assert job.ended()["TransformJobStatus"] == "Stopped"
    assert containers_of(docker_client, job.name) == []


def test_after_a_kill_the_next_engine_removes_the_containers_and_goes_on(
    daemon: str, docker_client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = networks(docker_client)
    folder = tmp_path_factory.mktemp("killed")
    engine = EngineProcess(folder, ENGINE_DOCKER=daemon).start()
    try:
        inputs = {"1": b"a", "2": b"sleep"}
        job = transform(engine, inputs, containers=[container_of(engine)], MaxConcurrentTransforms=1)
        until(lambda: "got sleep" in job.log and job.outputs, "the first output and the second object")
        engine.kill()
        (killed_container,) = containers_of(docker_client, job.name)
        assert killed_container["State"]["Running"]
        engine.start()
        until(lambda: job.log.count("got sleep") == 2, "the second object again")
        (new,) = containers_of(docker_client, job.name)
        assert new["Id"] != killed_container["Id"]
        job.stop()
        assert job.ended()["TransformJobStatus"] == "Stopped"
        assert job.outputs == {"1.out": b"ranked a"}
    finally:
        engine.stop()
    assert networks(docker_client) == before


def test_the_engine_ends_with_its_containers(
    daemon: str, docker_client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = networks(docker_client)
    engine = EngineProcess(tmp_path_factory.mktemp("ended"), ENGINE_DOCKER=daemon).start()
    job = running(transform(engine, {"x": b"sleep"}, containers=[container_of(engine)]))
    assert engine.stop() == 0
    assert containers_of(docker_client, job.name) == []
    assert networks(docker_client) == before


def test_the_engine_says_that_it_can_run_images_that_no_runtime_serves(docker_engine: EngineProcess) -> None:
    question = json.dumps({"images": [IMAGE, "sagemaker-scikit-learn:0.20.0-cpu-py3", ""]}).encode()
    url = f"{docker_engine.url}/_engine/abilities"
    with urllib.request.urlopen(urllib.request.Request(url, data=question, method="POST")) as answer:
        reasons = json.loads(answer.read())["images"]
    assert reasons[IMAGE] is None
    assert reasons["sagemaker-scikit-learn:0.20.0-cpu-py3"] is None
    assert "no runtime for image" in reasons[""]
