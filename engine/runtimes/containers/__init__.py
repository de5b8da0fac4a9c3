"""Containers of a Docker daemon, for images that no runtime serves.

Imported only where the operator has switched them on: the package `docker` takes a while to import.
"""
