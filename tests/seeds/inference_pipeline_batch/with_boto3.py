"""Run batch transforms with an inference pipeline: the document's request with boto3, as it is and joined.

python with_boto3.py BUCKET ROLE REGION SCHEMA
"""

import sys

import boto3

bucket, role, region, schema_json = sys.argv[1:]
sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
model_name = "inference-pipeline-boto3"
sagemaker.create_model(
    ModelName=model_name,
    ExecutionRoleArn=role,
    Containers=[
        {
            "Image": f"683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-sparkml-serving:3.3",
            "ModelDataUrl": f"s3://{bucket}/sparkml/model.tar.gz",
            "Environment": {"SAGEMAKER_SPARKML_SCHEMA": schema_json},
        },
        {
            "Image": f"683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-xgboost:1.7-1",
            "ModelDataUrl": f"s3://{bucket}/xgboost/model.tar.gz",
        },
    ],
)


def run(name, **more):
    """Start the document's job under that name and print its predictions."""
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=model_name,
        BatchStrategy="SingleRecord",
        TransformInput={
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/key/file_name"}
            },
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={
            "S3OutputPath": f"s3://{bucket}/{name}",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        TransformResources={"InstanceType": "ml.m4.xlarge", "InstanceCount": 1},
        **more,
    )
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name, WaiterConfig={"Delay": 1})
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{name}/")["Contents"]:
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
        print(f"{item['Key']}:", body.splitlines())


run("inference-pipelines-batch-boto3")
run("inference-pipelines-joined", DataProcessing={"JoinSource": "Input"})
run("inference-pipelines-filtered", DataProcessing={"JoinSource": "Input", "OutputFilter": "$[0,-1]"})
