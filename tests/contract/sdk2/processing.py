"""Processing jobs with the SageMaker SDK 2: a script on an image, on scikit-learn's, and a folder with requirements.

python processing.py BUCKET/PREFIX ROLE IMAGE FOLDER script|sklearn|framework
"""

import sys

import sagemaker
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.s3 import S3Downloader, S3Uploader
from sagemaker.sklearn import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor

place, role, image, folder, which = sys.argv[1:]
session = sagemaker.Session(default_bucket=place.split("/")[0])
resources = {"role": role, "instance_type": "ml.m5.large", "instance_count": 1, "sagemaker_session": session}
rows = f"s3://{place}/rows"
S3Uploader.upload_string_as_file_body("1,2\n3,4\n5,6\n", f"{rows}/rows.csv", sagemaker_session=session)
inputs = [ProcessingInput(source=rows, destination="/opt/ml/processing/rows")]


def output(name):
    """The output that a script writes to /opt/ml/processing/NAME."""
    return ProcessingOutput(
        source=f"/opt/ml/processing/{name}", destination=f"s3://{place}/{name}", output_name=name
    )


if which == "script":
    processor = ScriptProcessor(image_uri=image, command=["python3"], **resources)
    table = "F,0.5,0.4,0.1,0.6,0.2,0.1,0.2,9\nM,0.6,0.5,0.2,0.9,,0.2,0.3,11\n"
    data = f"s3://{place}/abalone.csv"
    S3Uploader.upload_string_as_file_body(table, data, sagemaker_session=session)
    name = "inference"
    processor.run(
        code=f"{folder}/preprocess.py",
        arguments=["--input-data", data],
        outputs=[output(name)],
        wait=True,
        logs=True,
    )
elif which == "sklearn":
    processor = SKLearnProcessor(framework_version="1.2-1", **resources)
    name = "scaled"
    processor.run(code=f"{folder}/scale.py", inputs=inputs, outputs=[output(name)], wait=True, logs=True)
else:
    processor = FrameworkProcessor(estimator_cls=SKLearn, framework_version="1.2-1", **resources)
    name = "summary"
    processor.run(
        code="summary.py",
        source_dir=f"{folder}/source",
        arguments=["--title", "rows"],
        inputs=inputs,
        outputs=[output(name)],
        wait=True,
        logs=True,
    )
job = processor.latest_job.describe()
print("status", job["ProcessingJobStatus"])
for uri in S3Downloader.list(f"s3://{place}/{name}", sagemaker_session=session):
    for line in S3Downloader.read_file(uri, sagemaker_session=session).splitlines():
        print("output", uri.rpartition("/")[2], line)
