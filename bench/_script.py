"""The script that a person would write instead of a batch transform job: `_script.py MODEL OUTPUT.csv INPUT.csv...`.

Polars reads the rows, XGBoost predicts in place, each with as many threads as there are cores.
"""

from __future__ import annotations

import os
import sys

import polars
import xgboost


def main() -> None:
    """Read, predict, write."""
    model_file, output, *inputs = sys.argv[1:]
    rows = polars.read_csv(inputs, has_header=False).cast(polars.Float32).to_numpy()
    booster = xgboost.Booster(model_file=model_file)
    booster.set_param({"nthread": os.cpu_count()})
    predictions = booster.inplace_predict(rows)
    polars.DataFrame({"prediction": predictions}).write_csv(output, include_header=False)


if __name__ == "__main__":
    main()
