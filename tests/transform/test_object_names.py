"""Names of new objects: hostile ones are refused with a sentence, one file has one key."""

from __future__ import annotations

import pytest

from transform.object_names import LONGEST_KEY, check_bucket, clean_key


@pytest.mark.parametrize(
    "key",
    ["a.csv", "in/2026/a b.csv", "in/", "ünï/文.csv", "...", "a..b/c", "#?&%.csv", "می\u200cخواهم.csv"],  # noqa: RUF001
)
def test_ordinary_names_stay_as_they_are(key: str) -> None:
    assert clean_key(key) == key


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "is empty"),
        ("../a", "“..”"),
        ("in/../../etc/passwd", "“..”"),
        ("in/./a", "“.”"),
        ("/a", "empty folder name"),
        ("in//a", "empty folder name"),
        ("a\0b", "\\u0000"),
        ("a\nb", "\\u000a"),
        ("a\x1b[31m", "\\u001b"),
        ("gpj.\u202excod", "\\u202e"),
        ("a\u200bb.csv", "\\u200b"),
        ("\ufeffa.csv", "\\ufeff"),
        ("a\u00adb.csv", "\\u00ad"),
        ("a\U000e0041.csv", "\\ue0041"),
        ("a\ud800", "\\ud800"),
        (" a", "blank"),
        ("in /a", "blank"),
        ("ä" * 513, "1,026 bytes"),
    ],
)
def test_hostile_names_are_refused_with_the_reason(key: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        clean_key(key)
    assert says in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_the_longest_key_is_taken() -> None:
    assert clean_key("a" * LONGEST_KEY) == "a" * LONGEST_KEY


def test_composed_and_decomposed_letters_are_one_key() -> None:
    assert clean_key("Mu\u0308ller.csv") == clean_key("M\u00fcller.csv") == "M\u00fcller.csv"


@pytest.mark.parametrize("name", ["ab", "Upper", "a_b", "-a-b", "a.b.c", "xn--abc", "a" * 64, "abc-s3alias"])
def test_a_wrong_bucket_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="3 to 63"):
        check_bucket(name)
