"""One HTTP POST to a stranger's server, with bounds on time and bytes. No redirect is followed and no proxy is used."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from notifications.lifecycle.targets import BadTarget, WebhookUrl, parse_url, resolve

#: Seconds that a POST may take in all, from the look-up of the name to the end of the answer.
DEADLINE = 10.0
#: Bytes of an answer that are read.
MOST_ANSWER = 4096


class PostFailed(Exception):
    """No answer came; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: status, and the beginning of the body."""

    code: int
    body: bytes


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to the given IP addresses, whatever the host's name points to."""

    def __init__(self, url: WebhookUrl, addresses: list[str], until: float) -> None:
        super().__init__(url.host, url.port)
        self._url, self._addresses, self._until = url, addresses, until

    def connect(self) -> None:
        """Connect to the first address that answers, and begin TLS for an https URL."""
        for number, address in enumerate(self._addresses, start=1):
            try:
                self.sock = socket.create_connection(
                    (address, self._url.port), timeout=_seconds_left(self._until)
                )
                break
            except OSError:
                if number == len(self._addresses):
                    raise
        if self._url.is_https:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._url.host)


def post(text: str, body: bytes, headers: Mapping[str, str], deadline: float = DEADLINE) -> Reply:
    """Send the body to the URL `text`. Raises PostFailed, and BadTarget for an address that may not be sent to."""
    until = time.monotonic() + deadline
    url = parse_url(text)
    connection = _PinnedConnection(url, _addresses(url), until)
    # A socket's timeout counts from one byte to the next; this one counts for all.
    alarm = threading.Timer(_seconds_left(until), _cut, [connection])
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("POST", url.path, body, {"Host": url.host_header, **headers})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(MOST_ANSWER))
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # http.client meets a cut connection as None where it expects a file.
        if time.monotonic() >= until:
            raise PostFailed(f"There was no whole answer within {deadline:g} seconds.") from error
        raise PostFailed(_sentence(error)) from error
    finally:
        alarm.cancel()
        connection.close()


def _addresses(url: WebhookUrl) -> list[str]:
    try:
        return resolve(url)
    except BadTarget:
        raise
    except (OSError, UnicodeError) as error:
        raise PostFailed(f"The name {url.host} could not be resolved: {_words(error)}.") from error


def _cut(connection: http.client.HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _seconds_left(until: float) -> float:
    return max(0.01, until - time.monotonic())


def _sentence(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The server's certificate is not valid: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"TLS could not be agreed on: {_words(error)}."
    if isinstance(error, OSError):
        return f"The server could not be reached: {_words(error)}."
    return f"The answer is not valid HTTP: {_words(error)}."


def _words(error: Exception) -> str:
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return str(text)[:200].rstrip(".")
