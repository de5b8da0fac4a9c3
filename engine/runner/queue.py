"""Sending messages to an SQS queue: SendMessage in SQS's query protocol.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html. Compatible services accept
the same request, most without checking its signature.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import get_session

from engine.credentials import Key
from engine.runner.webhook import NotDelivered, post

_OF_AWS = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


@dataclass(slots=True)
class Queue:
    """A queue. Requests are signed with this machine's AWS credentials, or else with the `engine_key`."""

    url: str
    region: str
    engine_key: Key
    _credentials: Credentials | None = None

    async def send(self, body: bytes) -> None:
        """Send a message. Raises NotDelivered."""
        form = urlencode({"Action": "SendMessage", "Version": "2012-11-05", "MessageBody": body.decode()})
        # In a thread: credentials may come from a file or a service.
        try:
            headers = await asyncio.to_thread(self._signed, form)
        except BotoCoreError as error:
            raise NotDelivered(f"it could not be signed: {error}", again=True) from error
        await post(self.url, form.encode(), headers)

    def _signed(self, form: str) -> dict[str, str]:
        if self._credentials is None:
            machine_credentials = get_session().get_credentials()
            self._credentials = machine_credentials or Credentials(
                self.engine_key.access_key_id, self.engine_key.secret_access_key
            )
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        request = AWSRequest("POST", self.url, data=form, headers={"Content-Type": kind})
        SigV4Auth(self._credentials.get_frozen_credentials(), "sqs", self._region()).add_auth(request)
        return {name: str(value) for name, value in request.headers.items()}

    def _region(self) -> str:
        of_aws = _OF_AWS.fullmatch(urlsplit(self.url).hostname or "")
        return of_aws[1] if of_aws else self.region
