"""Templates are indented for those who read them; pages are sent without that indentation."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import filesystem

_INDENTATION = re.compile(r"\n[ \t]+")


class Loader(filesystem.Loader):
    """Django's loader of template files, without the blanks at the start of lines.

    A line break is white space in HTML as any number of blanks is, so a page looks the same. Line numbers
    in error messages stay right. Text from variables, as inside `<pre>`, is not touched.
    """

    def get_contents(self, origin: Origin) -> str:
        """The text of a template. Raises TemplateDoesNotExist."""
        return _INDENTATION.sub("\n", super().get_contents(origin))
