"""Figures of columns: exact counts, quantiles within a bin, and memory that does not grow."""

from __future__ import annotations

import json
import math
import random

import pytest

from results.reading.figures import MOST_BINS, MOST_LABELS, Bins, ColumnFigures, column_of


def column(*texts: str) -> ColumnFigures:
    figures = ColumnFigures("x")
    for text in texts:
        figures.add(text)
    return figures


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-5, 5), (1e6, 1e6 + 10), (0, 1e-6), (1000, 1e12)])
def test_quantiles_lie_within_a_bin_of_the_true_ones(low: float, high: float) -> None:
    numbers = sorted(random.Random(1).uniform(low, high) for _ in range(5_000))
    figures = column(*map(repr, numbers))
    assert len(figures.bins.counts) <= MOST_BINS
    assert figures.numbers == 5_000
    assert (figures.least, figures.most) == (numbers[0], numbers[-1])
    for part in (0.01, 0.25, 0.5, 0.75, 0.99):
        quantile = figures.quantile(part)
        assert quantile is not None
        assert abs(quantile - numbers[int(part * 5_000)]) <= figures.bins.width + (high - low) / 1_000
    assert figures.bins.width <= (high - low) / 100


def test_an_outlier_leaves_the_rest_as_fine_as_it_was() -> None:
    figures = column(*(repr(n / 100) for n in range(100)), "1e9", "-1e300")
    middle = figures.quantile(0.5)
    assert middle == pytest.approx(0.5, abs=0.05)
    assert (figures.least, figures.most) == (-1e300, 1e9)


def test_a_histogram_has_every_number_once() -> None:
    bins = Bins()
    for n in range(1_000):
        bins.add(n / 1_000)
    bars = bins.spread(0.0, 1.0, 20)
    assert sum(bars) == pytest.approx(1_000)
    assert all(bar == pytest.approx(50, abs=5) for bar in bars)
    assert sum(Bins(0, {3: 7}).spread(3.0, 3.0, 4)) == pytest.approx(7)


def test_nulls_are_what_people_write_for_no_value() -> None:
    figures = column("", "null", "NaN", " none ", "0", "x")
    assert (figures.count, figures.nulls, figures.values) == (6, 4, 2)
    assert figures.null_share == pytest.approx(4 / 6)


def test_few_whole_numbers_and_words_are_labels_and_scores_are_not() -> None:
    assert column("0", "1", "1").is_of_labels
    assert column("cat", "dog", "3").is_of_labels
    assert not column("0.5", "0.25").is_of_labels
    assert not column(*map(str, range(40))).is_of_labels
    assert not column("", "").is_of_labels


def test_labels_beyond_those_that_are_kept_are_counted_together() -> None:
    figures = column(*(f"label {n}" for n in range(MOST_LABELS + 10)), "label 0", "y" * 1000)
    assert (len(figures.labels), figures.labels["label 0"], figures.further) == (MOST_LABELS, 2, 11)


def test_figures_go_through_the_database_and_are_added_to() -> None:
    numbers = [n / 7 for n in range(-300, 300)]
    whole = column(*map(repr, numbers), "a", "")
    part = column(*map(repr, numbers[:100]))
    part = column_of(json.loads(json.dumps(part.as_json())))
    for number in numbers[100:]:
        part.add(repr(number))
    part.add("a")
    part.add("")
    assert part == whole


def test_numbers_at_the_ends_of_what_a_float_holds_stay_json() -> None:
    figures = column(*["1e308", "-1.7e308"] * 40, *["1e308"] * 40, "1e999", "-1e400")
    figures = column_of(json.loads(json.dumps(figures.as_json(), allow_nan=False)))
    assert (figures.numbers, figures.least, figures.most) == (120, -1.7e308, 1e308)
    assert sum(figures.bins.spread(-1.7e308, 1e308, 24)) == pytest.approx(120)
    assert figures.mean is not None
    assert math.isfinite(figures.mean)
    assert column("1e999", "1e999").is_of_labels
