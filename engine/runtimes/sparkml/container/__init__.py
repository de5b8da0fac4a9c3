"""Answering requests like the container, without HTTP. Modules import each other only by relative names, so that
a model server finds this package beside its program.
"""
