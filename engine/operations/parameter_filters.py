"""ParameterFilters of the Parameter Store: Name, Type and Path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.errors import ServiceError
from engine.store.parameters import ParameterRow

#: By key: the options with their tests of (text, value); the first is the default.
_OPTIONS: Mapping[str, Mapping[str, Callable[[str, str], bool]]] = {
    "Name": {
        "Equals": lambda text, value: text.removeprefix("/") == value.removeprefix("/"),
        "BeginsWith": lambda text, value: text.removeprefix("/").startswith(value.removeprefix("/")),
        "Contains": lambda text, value: value in text,
    },
    "Type": {"Equals": lambda text, value: text == value},
    "Path": {
        "OneLevel": lambda text, path: (
            text.rpartition("/")[0] == path.removesuffix("/") and text.startswith("/")
        ),
        "Recursive": lambda text, path: text.startswith(path.removesuffix("/") + "/"),
    },
}


def matches_filters(row: ParameterRow, filters: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the parameter matches all filters: of each, one of its values.

    Raises ServiceError(InvalidFilterKey or InvalidFilterOption) for filters that the engine lacks.
    """
    return all(_matches(row, parameter_filter) for parameter_filter in filters)


def _matches(row: ParameterRow, parameter_filter: Mapping[str, Any]) -> bool:
    key = parameter_filter["Key"]
    options = _OPTIONS.get(key)
    if options is None:
        raise ServiceError("InvalidFilterKey", f"The filter key {key!r} is not one of {', '.join(_OPTIONS)}.")
    option = parameter_filter.get("Option", next(iter(options)))
    if option not in options:
        raise ServiceError(
            "InvalidFilterOption", f"The option {option!r} of {key} is not one of {', '.join(options)}."
        )
    text = row.request["Type"] if key == "Type" else row.name
    return any(options[option](text, value) for value in parameter_filter.get("Values", []))
