"""Static files: hashed names from the manifest once files are collected, plain names before that."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """WhiteNoise's manifest storage, which also works before the first `collectstatic`.

    Tests and a first start have no manifest yet; a name that is missing from a manifest that exists is
    still an error, so that a typing mistake in a template cannot reach production.
    """

    def stored_name(self, name: str) -> str:
        """The hashed name, or `name` itself while there is no manifest."""
        if not self.hashed_files:
            return name
        return str(super().stored_name(name))
