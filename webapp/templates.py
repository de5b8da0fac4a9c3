"""The template loader: pages are sent without the indentation of their templates."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import filesystem

_INDENTATION = re.compile(r"\n[ \t]+")


class Loader(filesystem.Loader):
    """Django's filesystem loader, which removes the indentation of each line.

    HTML reads a line break as it reads any other white space, so a page looks the same. Line numbers
    in error messages stay right. Text from variables, such as the contents of `<pre>`, is not changed.
    """

    def get_contents(self, origin: Origin) -> str:
        """The text of a template. Raises TemplateDoesNotExist."""
        return _INDENTATION.sub("\n", super().get_contents(origin))
