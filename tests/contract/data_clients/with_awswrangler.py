"""A dataset in CSV and one in Parquet, as AWS's own package for pandas writes them."""

import os
import sys

import awswrangler as wr
import pandas as pd

folder = f"s3://{sys.argv[1]}"
wr.config.s3_endpoint_url = os.environ["AWS_ENDPOINT_URL"]
frame = pd.DataFrame({"key": ["a", "b", "c"], "value": [1, 2, 3]})
wr.s3.to_csv(frame, f"{folder}/one.csv", index=False)
print("equal", wr.s3.read_csv(f"{folder}/one.csv").equals(frame))
wr.s3.to_parquet(frame, f"{folder}/set/", dataset=True, partition_cols=["key"], mode="overwrite")
print(
    "rows",
    len(wr.s3.read_parquet(f"{folder}/set/", dataset=True, partition_filter=lambda row: row["key"] != "a")),
)
print("objects", len(wr.s3.list_objects(f"{folder}/")), "folders", len(wr.s3.list_directories(f"{folder}/")))
print("size", wr.s3.size_objects(f"{folder}/one.csv")[f"{folder}/one.csv"])
wr.s3.delete_objects(f"{folder}/")
print("left", len(wr.s3.list_objects(f"{folder}/")))
