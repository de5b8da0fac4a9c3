"""Makes features of a table in S3, as a preprocessing step of a batch inference deployment does."""

import argparse
import pathlib

import boto3
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

COLUMNS = ["sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings"]
BASE = pathlib.Path("/opt/ml/processing")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--input-data", required=True)
    address = parser.parse_args().input_data

    bucket, key = address.removeprefix("s3://").split("/", 1)
    local = BASE / "data" / "abalone.csv"
    local.parent.mkdir(parents=True, exist_ok=True)
    boto3.resource("s3").Bucket(bucket).download_file(key, str(local))

    types = {name: str if name == "sex" else np.float64 for name in COLUMNS}
    table = pd.read_csv(local, header=None, names=COLUMNS, dtype=types).drop(columns="rings")
    local.unlink()

    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    kinds = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value="missing")),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    features = ColumnTransformer(
        [("numbers", numbers, COLUMNS[1:-1]), ("kinds", kinds, ["sex"])]
    ).fit_transform(table)
    pd.DataFrame(features).to_csv(BASE / "inference" / "abalone-dataset.csv", header=False, index=False)
    print(f"{len(features)} rows of {features.shape[1]} features from {address}")
