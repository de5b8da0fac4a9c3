"""Prepare abalone rows for the model: fill gaps, scale the measures and encode the sex.

python3 preprocess.py --input-data S3_URI

Writes rows without a header: seven scaled measures, then a column for each sex.
"""

import argparse
import logging
import os
from urllib.parse import urlsplit

import boto3
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("preprocess")

BASE = "/opt/ml/processing"
MEASURES = ["length", "diameter", "height", "whole", "shucked", "viscera", "shell"]
TYPES = {"sex": str, **dict.fromkeys(MEASURES, np.float64), "rings": np.float64}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input-data", required=True)
    source = urlsplit(parser.parse_args().input_data)
    os.makedirs(f"{BASE}/data", exist_ok=True)
    path = f"{BASE}/data/abalone.csv"
    logger.info("Downloading %s from %s", source.path, source.netloc)
    boto3.resource("s3").Bucket(source.netloc).download_file(source.path.lstrip("/"), path)
    rows = pd.read_csv(path, header=None, names=list(TYPES), dtype=TYPES)
    os.unlink(path)

    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    words = Pipeline(
        [
            ("fill", SimpleImputer(strategy="constant", fill_value="missing")),
            ("encode", OneHotEncoder(handle_unknown="ignore")),
        ]
    )
    prepare = ColumnTransformer([("numbers", numbers, MEASURES), ("words", words, ["sex"])])
    prepared = prepare.fit_transform(rows.drop(columns="rings"))
    logger.info("Writing %d rows of %d columns", *prepared.shape)
    pd.DataFrame(prepared).to_csv(f"{BASE}/inference/inference.csv", header=False, index=False)


if __name__ == "__main__":
    main()
