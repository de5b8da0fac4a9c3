"""A dataset in Parquet, written in partitions and read by a filter."""

import os
import sys

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import FileSelector, S3FileSystem

folder = sys.argv[1]
s3 = S3FileSystem(
    access_key=os.environ["AWS_ACCESS_KEY_ID"],
    secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"),
    scheme="http",
    region="us-east-1",
)
table = pa.table({"day": ["mon", "tue"] * 50_000, "value": range(100_000)})
ds.write_dataset(table, f"{folder}/set", format="parquet", partitioning=["day"], filesystem=s3)
dataset = ds.dataset(f"{folder}/set", format="parquet", partitioning=["day"], filesystem=s3)
print("rows", dataset.to_table(filter=ds.field("day") == "tue").num_rows)
with s3.open_output_stream(f"{folder}/large.bin") as stream:
    for _ in range(12):
        stream.write(b"x" * 1024 * 1024)
with s3.open_input_file(f"{folder}/large.bin") as file:
    file.seek(-3, 2)
    print("end", file.read().decode(), "size", file.size())
s3.copy_file(f"{folder}/large.bin", f"{folder}/copy.bin")
print(
    "files",
    sorted(info.base_name for info in s3.get_file_info(FileSelector(folder, recursive=True)) if info.is_file),
)
s3.delete_dir(folder)
print("left", len(s3.get_file_info(FileSelector(folder, allow_not_found=True))))
