"""Frames written as Parquet and CSV, and scanned lazily."""

import os
import sys

import polars as pl

folder = f"s3://{sys.argv[1]}"
options = {
    "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
    "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
    "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"],
    "aws_region": "us-east-1",
    "aws_allow_http": "true",
}
frame = pl.DataFrame({"key": ["a", "b"] * 5000, "value": range(10_000)})
frame.write_parquet(f"{folder}/one.parquet", storage_options=options)
frame.lazy().sink_csv(f"{folder}/two.csv", storage_options=options)
scan = pl.scan_parquet(f"{folder}/*.parquet", storage_options=options)
print("sum", scan.filter(pl.col("key") == "b").select(pl.col("value").sum()).collect().item())
print("equal", pl.scan_csv(f"{folder}/two.csv", storage_options=options).collect().equals(frame))
