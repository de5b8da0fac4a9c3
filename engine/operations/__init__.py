"""What the engine can do: one function an AWS operation, parameters in, a dict out or a ServiceError raised.

A function becomes an operation by `@operation(service, name)`; there is no further list to add it to.
"""

from __future__ import annotations

import importlib
import pkgutil

from engine.operations.table import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Operation"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
