"""boto3 clients: one for each service and target in a process, with short timeouts and few retries."""

from __future__ import annotations

import json
import os
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.loaders import create_loader
from botocore.session import Session as BotocoreSession
from botocore.session import get_session

from aws.errors import Unreachable
from aws.pacing import hold_to_pace
from aws.target import Target

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sts import STSClient

#: Creating a client loads the service's model and is not thread-safe; using one is.
_lock = threading.Lock()
_clients: dict[tuple[Any, ...], Any] = {}
#: All sessions share it: each would load its own copy of the services' models, about 27 MB and 2 seconds.
_loader = create_loader()

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=15,
    # Three tries in all: a caller that must wait longer has a queue to wait in.
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,
    user_agent_extra="batchdeck",
)
#: An engine is one process on a known machine: if it is down, further tries in the call would only delay the page.
_ENGINE_CONFIG = _CONFIG.merge(
    Config(
        connect_timeout=2,
        read_timeout=6,
        retries={"mode": "standard", "total_max_attempts": 2},
        s3={"addressing_style": "path"},
    )
)
_HURRIED = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 1})


@overload
def client(target: Target, service: Literal["sagemaker"]) -> SageMakerClient: ...
@overload
def client(target: Target, service: Literal["s3"]) -> S3Client: ...
@overload
def client(target: Target, service: Literal["logs"]) -> CloudWatchLogsClient: ...
@overload
def client(target: Target, service: Literal["sts"]) -> STSClient: ...
@overload
def client(target: Target, service: Literal["cloudwatch", "pricing", "service-quotas", "sqs"]) -> Any: ...
def client(target: Target, service: str) -> Any:
    """The process's client for this service and target; raises Unreachable without an engine's keys."""
    cache_key = (target, service, _keys_version(target), os.getpid())
    with _lock:
        if cache_key not in _clients:
            new_client = _make(target, service)
            if service == "sagemaker":
                hold_to_pace(new_client)
            _clients[cache_key] = new_client
        return _clients[cache_key]


def _keys_version(target: Target) -> float:
    # An engine with a new data directory has new keys, so the file's time is part of the cache key.
    if not target.credentials_file:
        return 0.0
    try:
        return Path(target.credentials_file).stat().st_mtime
    except OSError as error:
        raise Unreachable(
            f"The keys of {target.label} cannot be read ({error.strerror}). Start the engine, or set "
            "BATCHDECK_ENGINE_CREDENTIALS to its credentials.json."
        ) from error


def _make(target: Target, service: str) -> Any:
    session: Any  # the stubs know a service by its literal name only
    if target.is_engine:
        keys = _engine_keys(target)
        session = boto3.session.Session(botocore_session=_new_session())
        return session.client(
            service,
            region_name=target.region,
            endpoint_url=target.endpoint_url,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            config=_config(target, _ENGINE_CONFIG),
        )
    session = boto3.session.Session(botocore_session=_aws_session(target))
    return session.client(service, region_name=target.region, config=_config(target, _CONFIG))


def _config(target: Target, usual: Config) -> Config:
    return usual.merge(_HURRIED) if target.hurried else usual


def _engine_keys(target: Target) -> dict[str, str]:
    try:
        keys: dict[str, str] = json.loads(Path(target.credentials_file).read_text())
        return {name: keys[name] for name in ("access_key_id", "secret_access_key")}
    except (OSError, ValueError, KeyError) as error:
        raise Unreachable(f"The keys of {target.label} cannot be read: {type(error).__name__}.") from error


def _aws_session(target: Target) -> BotocoreSession:
    """A session with the default credential chain, or with a role's credentials that renew themselves."""
    session = _new_session()
    if target.role_arn:
        resolver = CredentialResolver([_RoleProvider(target)])
        session.register_component("credential_provider", resolver)
    return session


def _new_session() -> BotocoreSession:
    session = get_session()
    session.register_component("data_loader", _loader)
    return session


class _RoleProvider(CredentialProvider):
    """Credentials of the target's role, which are fetched at the first call and again before they expire."""

    METHOD = "assume-role"

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> dict[str, Any]:
        # Our own credentials come from the default chain each time, since they may have changed.
        session = _new_session()
        own_credentials = session.get_credentials()
        if own_credentials is None:
            raise NoCredentialsError
        role_session = {"RoleSessionName": "batchdeck"}
        if self._target.external_id:
            role_session["ExternalId"] = self._target.external_id
        fetcher = AssumeRoleCredentialFetcher(
            partial(session.create_client, region_name=self._target.region, config=_CONFIG),
            own_credentials,
            self._target.role_arn,
            extra_args=role_session,
        )
        credentials: dict[str, Any] = fetcher.fetch_credentials()
        return credentials
