"""The engine's AWS operations: one function each, which takes parameters and returns a dict or raises ServiceError.

`@operation(service, name)` makes a function an operation. The modules of this package are all imported here.
"""

from __future__ import annotations

import importlib
import pkgutil

from engine.operations.table import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Operation"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
