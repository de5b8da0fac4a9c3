"""Scales the columns of a table."""

import pathlib

import pandas as pd
import sklearn
from sklearn.preprocessing import StandardScaler

if __name__ == "__main__":
    table = pd.read_csv("/opt/ml/processing/rows/rows.csv", header=None)
    scaled = StandardScaler().fit_transform(table)
    pd.DataFrame(scaled).to_csv(
        pathlib.Path("/opt/ml/processing/scaled/scaled.csv"), header=False, index=False
    )
    print("scaled with scikit-learn", sklearn.__version__)
