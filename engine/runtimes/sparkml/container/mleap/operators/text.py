"""Texts into tokens, and tokens into vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ..columns import Lists, Table, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle
from ..hashing import hash_bytes
from ..java_regex import compile_java, split_java
from .base import Factory, ModelPart, Step, one_to_one

_WHITE_SPACE = re.compile(r"[ \t\n\x0b\f\r]")


def _tokens(node: NodeDefinition, transform: Callable[[str], list[str]]) -> Step:
    return one_to_one(node, lambda table, name: Lists([transform(text) for text in table.texts(name)]))


def _token_lists(node: NodeDefinition, transform: Callable[[list[str]], list[str]]) -> Step:
    return one_to_one(
        node, lambda table, name: Lists([transform(tokens) for tokens in table.token_lists(name)])
    )


def _token_vectors(node: NodeDefinition, width: int, fill: Callable[[Any, list[str]], None]) -> Step:
    """A step that makes a vector of zeros for each list, which `fill` gets to change."""

    def transform(table: Table, name: str) -> Vectors:
        matrix = np.zeros((table.rows, width))
        for row, tokens in zip(matrix, table.token_lists(name), strict=True):
            fill(row, tokens)
        return Vectors(matrix)

    return one_to_one(node, transform)


def _tokenizer(part: ModelPart, node: NodeDefinition) -> Step:
    return _tokens(node, lambda text: split_java(_WHITE_SPACE, text.lower()))


def _regex_tokenizer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    pattern = compile_java(attributes.text("regex"))
    match_gaps, lowercase = attributes.boolean("match_gaps", True), attributes.boolean("lowercase_text", True)
    shortest = attributes.integer("token_min_length", 1)

    def transform(text: str) -> list[str]:
        text = text.lower() if lowercase else text
        tokens = split_java(pattern, text) if match_gaps else [match[0] for match in pattern.finditer(text)]
        # Java counts what is outside the basic plane twice.
        return [token for token in tokens if len(token.encode("utf-16-le", "surrogatepass")) >= 2 * shortest]

    return _tokens(node, transform)


def _stopwords_remover(part: ModelPart, node: NodeDefinition) -> Step:
    if part.attributes.boolean("case_sensitive", False):
        exact = set(part.attributes.texts("stop_words"))
        return _token_lists(node, lambda tokens: [token for token in tokens if token not in exact])
    lowered = {word.lower() for word in part.attributes.texts("stop_words")}
    return _token_lists(node, lambda tokens: [token for token in tokens if token.lower() not in lowered])


def _ngram(part: ModelPart, node: NodeDefinition) -> Step:
    size = part.attributes.size("n")
    if size < 1:
        raise BadBundle("n of an ngram is below 1")
    return _token_lists(
        node,
        lambda tokens: [" ".join(tokens[start : start + size]) for start in range(len(tokens) - size + 1)],
    )


def _count_vectorizer(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    index = {word: number for number, word in enumerate(attributes.texts("vocabulary"))}
    binary, least = attributes.boolean("binary", False), attributes.number("min_tf", 1.0)
    # A word that is there twice leaves its first place empty; MLeap has no vector for that.
    if len(index) != len(attributes.texts("vocabulary")):
        raise BadBundle("the vocabulary has a word twice")

    def fill(row: Any, tokens: list[str]) -> None:
        enough = least if least >= 1.0 else len(tokens) * least
        for place, count in Counter(index[token] for token in tokens if token in index).items():
            if count >= enough:
                row[place] = 1.0 if binary else count

    return _token_vectors(node, len(index), fill)


def _hashing_term_frequency(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    width, binary = attributes.size("num_features"), attributes.boolean("binary", False)
    old = attributes.integer("hashUnsafeBytesVersion", 1) == 1
    if width < 1:
        raise BadBundle("num_features is below 1")

    def fill(row: Any, tokens: list[str]) -> None:
        for token in tokens:
            place = hash_bytes(token.encode(errors="replace"), bytewise_tail=old) % width
            row[place] = 1.0 if binary else row[place] + 1.0

    return _token_vectors(node, width, fill)


def _word_to_vector(part: ModelPart, node: NodeDefinition) -> Step:
    attributes = part.attributes
    words, numbers = attributes.texts("words"), attributes.numbers("word_vectors")
    indices = attributes.integers("indices") if attributes.has("indices") else list(range(len(words)))
    by_length = attributes.choice("kernel", ("default", "sqrt"), "default") == "default"
    width = len(numbers) // max(len(words), 1)
    if (
        len(indices) != len(words)
        or sorted(indices) != list(range(len(words)))
        or width * len(words) != len(numbers)
    ):
        raise BadBundle(f"there are {len(words)} words, {len(indices)} indices and {len(numbers)} numbers")
    vectors = numbers.reshape(len(words), width)
    word_vectors = {word: vectors[index] for word, index in zip(words, indices, strict=True)}

    def fill(row: Any, tokens: list[str]) -> None:
        if not tokens:
            return
        for token in tokens:
            if token in word_vectors:
                row += word_vectors[token]
        if by_length:
            row *= 1.0 / len(tokens)
        else:
            row /= np.sqrt(np.add.accumulate(row * row)[-1]) if width else 1.0

    return _token_vectors(node, width, fill)


FACTORIES: dict[str, Factory] = {
    "tokenizer": _tokenizer,
    "regex_tokenizer": _regex_tokenizer,
    "stopwords_remover": _stopwords_remover,
    "ngram": _ngram,
    "count_vectorizer": _count_vectorizer,
    "hashing_term_frequency": _hashing_term_frequency,
    "word_to_vector": _word_to_vector,
}
