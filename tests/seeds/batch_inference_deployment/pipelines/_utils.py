"""Finding a pipeline by its module."""

import importlib


def pipeline_of(module, **settings):
    """The pipeline that the module's get_pipeline makes."""
    return importlib.import_module(module).get_pipeline(**settings)
