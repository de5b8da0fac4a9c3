"""A rule's sentence with its code, so that nobody has to read the sentence to know which rule was broken."""

from __future__ import annotations

#: The field must be given.
REQUIRED = "required"
#: Any other rule.
INVALID = "invalid"


class RuleText(str):
    """A sentence that says what a field must be. `code` is REQUIRED or INVALID."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, code: str = INVALID) -> RuleText:
        """The sentence `text` with the rule's code."""
        rule_text = super().__new__(cls, text)
        rule_text.code = code
        return rule_text


def code_of(text: str) -> str:
    """The code of the rule that a sentence is about; INVALID for a sentence without one."""
    return text.code if isinstance(text, RuleText) else INVALID
