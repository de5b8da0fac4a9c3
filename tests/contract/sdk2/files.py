"""S3 as a file system: s3fs, and pandas by way of fsspec.

    python files.py BUCKET/PREFIX

Both read AWS_ENDPOINT_URL as boto3 does.
"""

import sys

import fsspec
import pandas
import s3fs

place = sys.argv[1]
files = s3fs.S3FileSystem()

with files.open(f"{place}/big.bin", "wb", block_size=5 * 2**20) as file:
    for _ in range(3):
        file.write(bytes(5 * 2**20))
with files.open(f"{place}/big.bin", "rb") as file:
    file.seek(-3, 2)
    print("big:", files.size(f"{place}/big.bin"), file.read())

pandas.DataFrame({"a": [1, 2], "b": [3, 4]}).to_csv(f"s3://{place}/rows/0.csv", index=False)
files.copy(f"{place}/rows/0.csv", f"{place}/rows/1.csv")
print("rows:", pandas.read_csv(f"s3://{place}/rows/1.csv").to_dict("list"))
with fsspec.open(f"s3://{place}/rows/0.csv", "rt") as file:
    print("head:", file.readline().strip())

files.invalidate_cache()
print("listed:", [name.removeprefix(f"{place}/") for name in files.find(place)])
print("globbed:", [name.removeprefix(f"{place}/") for name in files.glob(f"{place}/*/*.csv")])
files.rm(f"{place}/rows", recursive=True)
print("left:", [name.removeprefix(f"{place}/") for name in files.ls(place, refresh=True)])
