"""MurmurHash 3 for 32 bits, as Spark hashes words."""

from __future__ import annotations

_SEED = 42
_MASK = 0xFFFFFFFF


def hash_bytes(data: bytes, *, bytewise_tail: bool) -> int:
    """The hash as a signed number of 32 bits.

    Spark 2 mixes in each byte behind the last whole word as a separate word (`bytewise_tail`); Spark 3 follows the
    algorithm.
    """
    state = _SEED
    end_of_words = len(data) - len(data) % 4
    for start in range(0, end_of_words, 4):
        state = _mix_state(state, _mix_word(int.from_bytes(data[start : start + 4], "little")))
    tail = data[end_of_words:]
    if bytewise_tail:
        for byte in tail:
            state = _mix_state(state, _mix_word(byte - 256 if byte > 127 else byte))
    else:
        state ^= _mix_word(int.from_bytes(tail, "little"))
    state ^= len(data)
    state ^= state >> 16
    state = state * 0x85EBCA6B & _MASK
    state ^= state >> 13
    state = state * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    return state - 2**32 if state >= 2**31 else state


def _mix_word(word: int) -> int:
    return _rotated((word & _MASK) * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _mix_state(state: int, word: int) -> int:
    return (_rotated(state ^ word, 13) * 5 + 0xE6546B64) & _MASK


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _MASK
