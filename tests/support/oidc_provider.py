"""A real OpenID Connect provider, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client

from tests.support.engine import free_port
from tests.support.polling import until


class OidcProvider:
    """The provider of the package oidc-provider-mock: it signs in whomever a browser names."""

    def __init__(self) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, "the provider's first answer", 60)

    def add(self, subject: str, **claims: Any) -> None:
        """Let somebody sign in with these claims."""
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=10).raise_for_status()

    def answer_to(self, client: Client, subject: str, start: str = "/signin/provider/") -> str:
        """Go to the provider in this browser, sign in there, and return the address of ours that it leads back to."""
        there = client.get(start).headers["Location"]
        assert there.startswith(self.issuer)
        reply = requests.post(there, data={"sub": subject}, allow_redirects=False, timeout=10)
        back = urlsplit(reply.headers["Location"])
        return f"{back.path}?{back.query}"

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).ok
        except requests.ConnectionError:
            return False
