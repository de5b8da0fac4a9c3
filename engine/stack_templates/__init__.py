"""CloudFormation templates: parsing, checks, parameters, functions, the order of resources. Pure code, no I/O."""

from __future__ import annotations


class TemplateError(ValueError):
    """A template or a parameter is not valid, or has what the engine lacks. The message is a sentence."""
