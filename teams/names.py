"""Names that people give to things: what each may be, so that one cannot be mistaken for another."""

from __future__ import annotations

from transform.unseen import has_unseen


def trouble_with_name(name: object, longest: int = 80) -> str:
    """Why this value cannot be a name, as a sentence; empty if it can. Blanks around it do not count."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= longest:
        return f"It must be 1 to {longest} characters."
    if has_unseen(name.strip()):
        return (
            "It must be one line, without control characters and marks that are not seen or turn text around."
        )
    return ""
