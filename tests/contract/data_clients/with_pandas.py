"""Frames through the last s3fs without asyncio."""

import os
import sys

import pandas as pd
import s3fs

folder = sys.argv[1]
s3 = s3fs.S3FileSystem(client_kwargs={"endpoint_url": os.environ["AWS_ENDPOINT_URL"]})
frame = pd.DataFrame({"key": ["a", "b", "c"], "value": [1.5, 2.5, 3.5]})
with s3.open(f"{folder}/in/one.csv", "w") as file:
    frame.to_csv(file, index=False)
with s3.open(f"{folder}/in/one.csv") as file:
    print("equal", pd.read_csv(file).equals(frame))
with s3.open(f"{folder}/in/large.bin", "wb", block_size=5 * 2**20) as file:
    file.write(b"x" * (11 * 2**20))
print("files", [path.rpartition("/")[2] for path in sorted(s3.find(folder))])
print("size", s3.info(f"{folder}/in/large.bin")["Size"], "end", s3.tail(f"{folder}/in/large.bin", 3).decode())
s3.mv(f"{folder}/in/one.csv", f"{folder}/in/two.csv")
print("moved", s3.exists(f"{folder}/in/two.csv"), s3.exists(f"{folder}/in/one.csv"))
s3.rm(folder, recursive=True)
print("left", len(s3.find(folder)))
