"""Processing jobs with the SageMaker SDK 3: a script on an image, and a folder with requirements.

python processing.py BUCKET/PREFIX ROLE IMAGE FOLDER script|framework
"""

import sys

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.processing import FrameworkProcessor, ScriptProcessor
from sagemaker.core.s3 import S3Downloader, S3Uploader
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

place, role, image, folder, which = sys.argv[1:]
session = Session(default_bucket=place.split("/")[0])
resources = {
    "image_uri": image,
    "role": role,
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "sagemaker_session": session,
}
rows = f"s3://{place}/rows"
S3Uploader.upload_string_as_file_body("1,2\n3,4\n5,6\n", f"{rows}/rows.csv", sagemaker_session=session)
name, script, options = {
    "script": ("scaled", f"{folder}/scale.py", {}),
    "framework": (
        "summary",
        "summary.py",
        {
            "source_dir": f"{folder}/source",
            "requirements": "requirements.txt",
            "arguments": ["--title", "rows"],
        },
    ),
}[which]
source = ProcessingS3Input(
    s3_uri=rows, local_path="/opt/ml/processing/rows", s3_data_type="S3Prefix", s3_input_mode="File"
)
target = ProcessingS3Output(
    s3_uri=f"s3://{place}/{name}", local_path=f"/opt/ml/processing/{name}", s3_upload_mode="EndOfJob"
)
kind = ScriptProcessor if which == "script" else FrameworkProcessor
processor = kind(command=["python3"], **resources)
processor.run(
    code=script,
    inputs=[ProcessingInput(input_name="rows", s3_input=source)],
    outputs=[ProcessingOutput(output_name=name, s3_output=target)],
    wait=True,
    logs=True,
    **options,
)
print("status", processor.latest_job.refresh().processing_job_status)
for uri in S3Downloader.list(f"s3://{place}/{name}", sagemaker_session=session):
    for line in S3Downloader.read_file(uri, sagemaker_session=session).splitlines():
        print("output", uri.rpartition("/")[2], line)
