"""One cloud for the contract tests, and the sample in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from tests.contract.cloud import SAMPLE, Cloud, aws_cloud, engine_cloud, unique
from tests.support.engine import CHECKOUT


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """AWS if BATCHDECK_CONTRACT_AWS is set, else the engine."""
    if os.environ.get("BATCHDECK_CONTRACT_AWS"):
        return aws_cloud()
    return engine_cloud(request.getfixturevalue("engine"))


@pytest.fixture(scope="session")
def sample_data(cloud: Cloud) -> str:
    """The S3 URI of the sample's four data objects."""
    prefix = unique("data")
    for path in sorted((SAMPLE / "data").glob("*.csv")):
        cloud.client("s3").upload_file(str(path), cloud.bucket, f"{prefix}/{path.name}")
    return f"s3://{cloud.bucket}/{prefix}/"


@pytest.fixture(scope="session")
def sample_model(cloud: Cloud) -> str:
    """The S3 URI of the sample's model.tar.gz."""
    key = f"{unique('model')}/model.tar.gz"
    cloud.client("s3").upload_file(str(SAMPLE / "model.tar.gz"), cloud.bucket, key)
    return f"s3://{cloud.bucket}/{key}"


@pytest.fixture(scope="session")
def sdk2_python() -> Path:
    """The Python of an environment with the SageMaker SDK 2."""
    return _locked_python("sdk2", "the SageMaker SDK 2")


@pytest.fixture(scope="session")
def sdk3_python() -> Path:
    """The Python of an environment with the SageMaker SDK 3 and its pipelines (`sagemaker.mlops`)."""
    return _locked_python("sdk3", "the SageMaker SDK 3")


@pytest.fixture(scope="session")
def data_clients_python() -> Path:
    """The Python of an environment with clients of S3 that data people use: locks/data_clients.in has their list."""
    return _locked_python("data_clients", "the data clients")


@pytest.fixture(scope="session")
def airflow_python() -> Path:
    """The Python of an environment with Airflow and its operators for AWS."""
    return _locked_python("airflow", "Airflow")


@pytest.fixture(scope="session")
def js_programs(data_clients_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of js_client/, with AWS's SDK for JavaScript beside its programs."""
    folder = tmp_path_factory.mktemp("js") / "js_client"
    shutil.copytree(Path(__file__).with_name("js_client"), folder)
    programs = data_clients_python.parent
    env = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = [programs / "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, env=env, check=True)
    return folder


@pytest.fixture(scope="session")
def schemathesis_python() -> Path:
    """The Python of an environment with Schemathesis."""
    return _locked_python("schemathesis", "Schemathesis")


def _locked_python(name: str, title: str) -> Path:
    """The Python of an environment made from locks/<name>.txt, where the runtimes' environments are."""
    sdk = Runtime(name, title, (), (), CHECKOUT / "locks" / f"{name}.txt")
    runtimes = Path(os.environ.get("ENGINE_RUNTIMES_DIR") or CHECKOUT / ".runtimes")
    return asyncio.run(prepare(sdk, runtimes, print))
