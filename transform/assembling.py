"""AssembleWith: joining the answers of one object."""

from __future__ import annotations


def assembled(body: bytes, assemble_with: str | None, *, double_newlines: bool = False) -> bytes:
    """The bytes that one response adds to the output; with Line they end in a newline.

    A newline that the response already ends in is not doubled unless `double_newlines`: XGBoost's batch answers
    end in one, and a blank line after each would shift every row. No public source says what the service does.
    """
    if assemble_with == "Line" and (double_newlines or not body.endswith(b"\n")):
        return body + b"\n"
    return body
