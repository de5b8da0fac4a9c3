"""The browsers in which people are signed in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from teams.models.user import User

#: Browsers and systems by a word of the User-Agent header, the more special ones first.
_BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chromium/": "Chromium",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


class BrowserSession(models.Model):
    """One session of a person: the browser, and the address and time of its last use, to the minute."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="browser_sessions")
    session_key = models.CharField(
        max_length=40, unique=True, help_text="The primary key of the session: a digest of the cookie."
    )
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-last_used_at"], name="browser_session_newest")]

    def __str__(self) -> str:
        return f"{self.browser} of {self.user_id}"

    @property
    def browser(self) -> str:
        """The browser as people call it: "Firefox on Windows", or the start of what it calls itself."""
        name = next((name for word, name in _BROWSERS.items() if word in self.user_agent), "")
        system = next((name for word, name in _SYSTEMS.items() if word in self.user_agent), "")
        if name and system:
            return f"{name} on {system}"
        return name or self.user_agent[:40] or "An unknown browser"
