"""The SageMaker SDK's table of framework images, kept here so that the web process never loads the SDK."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ContainerImage(models.Model):
    """An inference image of one framework version in one region."""

    framework = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    py_version = models.CharField(max_length=16, blank=True)
    processor = models.CharField(max_length=16, help_text="cpu or gpu")
    region = models.CharField(max_length=32)
    uri = models.CharField(max_length=255)

    class Meta:
        ordering: ClassVar = ["framework", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "framework", "version", "py_version", "processor"], name="image_once"
            )
        ]

    def __str__(self) -> str:
        return self.uri
