"""Where members stand in a JSON text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from transform.json_positions import positions

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def test_a_member_is_found_on_its_line_and_column() -> None:
    text = '{\n  "A": 1,\n  "B" : {"C":\t[{"D": 2}], "\\u0045": "x"}\n}'
    assert positions(text) == {
        (): (1, 1),
        ("A",): (2, 8),
        ("B",): (3, 9),
        ("B", "C"): (3, 15),
        ("B", "E"): (3, 37),
    }


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_at_each_position_its_value_begins(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    for path, (line, column) in positions(text).items():
        at = sum(len(text_line) + 1 for text_line in text.split("\n")[: line - 1]) + column - 1
        node = value
        for name in path:
            node = node[name]
        assert json.JSONDecoder().raw_decode(text, at)[0] == node
