"""Compiles each template, as Django does when a page needs it: a missing `{% load %}` is an error here already.

    python -m tools.compile_templates [FOLDER]

Without FOLDER it reads `templates/`. Prints each error with its file and line; the exit status is 1 if there is any.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.template import Engine, Template, TemplateDoesNotExist, TemplateSyntaxError
from django.template.backends.django import DjangoTemplates
from django.template.loader_tags import ExtendsNode, IncludeNode

ROOT = Path(__file__).resolve().parent.parent


def template_errors(folder: Path, engine: Engine) -> Iterator[str]:
    """An error for each template of `folder` that cannot be compiled or that names a template that is not there."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            template = engine.get_template(path.relative_to(folder).as_posix())
        except TemplateSyntaxError as error:
            token = getattr(error, "token", None)
            yield f"{path}:{token.lineno if token else 1}: {error}"
        else:
            yield from (f"{path}:{message}" for message in _missing_templates(template, engine))


def _missing_templates(template: Template, engine: Engine) -> Iterator[str]:
    for node in template.nodelist.get_nodes_by_type((ExtendsNode, IncludeNode)):
        name = (node.parent_name if isinstance(node, ExtendsNode) else node.template).var
        # A name that is a variable is known only when a page is made.
        if isinstance(name, str) and not _exists(name, engine):
            yield f"{node.token.lineno}: There is no template {name}."


def _exists(name: str, engine: Engine) -> bool:
    try:
        engine.find_template(name)
    except TemplateDoesNotExist:
        return False
    except TemplateSyntaxError:
        pass  # It exists; its error is reported at its own file.
    return True


def main(arguments: list[str]) -> int:
    """Compile the templates of the folder; returns the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    folder = Path(arguments[0]).resolve() if arguments else ROOT / "templates"
    options = {**settings.TEMPLATES[0]["OPTIONS"], "debug": False}
    backend = DjangoTemplates({"NAME": "check", "DIRS": [folder], "APP_DIRS": False, "OPTIONS": options})
    messages = list(template_errors(folder, backend.engine))
    print("\n".join(messages))
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
