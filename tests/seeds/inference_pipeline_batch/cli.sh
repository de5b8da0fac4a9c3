# Run batch transforms with an inference pipeline: the document's request with the aws CLI.
#
#     sh -eu cli.sh BUCKET ROLE REGION SCHEMA
DATA=s3://$1/key/file_name
OUT=s3://$1/key
cat > containers.json <<END
[
  {
    "Image": "683313688378.dkr.ecr.$3.amazonaws.com/sagemaker-sparkml-serving:3.3",
    "ModelDataUrl": "s3://$1/sparkml/model.tar.gz",
    "Environment": {"SAGEMAKER_SPARKML_SCHEMA": "$(printf %s "$4" | sed 's/"/\\"/g')"}
  },
  {
    "Image": "683313688378.dkr.ecr.$3.amazonaws.com/sagemaker-xgboost:1.7-1",
    "ModelDataUrl": "s3://$1/xgboost/model.tar.gz"
  }
]
END
aws sagemaker create-model --model-name inference-pipeline-cli --execution-role-arn "$2" \
  --containers file://containers.json
aws sagemaker create-transform-job --transform-job-name inference-pipelines-batch-cli --model-name inference-pipeline-cli \
  --batch-strategy SingleRecord \
  --transform-input "DataSource={S3DataSource={S3DataType=S3Prefix,S3Uri=$DATA}},ContentType=text/csv,SplitType=Line" \
  --transform-output "S3OutputPath=$OUT,Accept=text/csv,AssembleWith=Line" \
  --transform-resources InstanceType=ml.m4.xlarge,InstanceCount=1
until aws sagemaker describe-transform-job --transform-job-name inference-pipelines-batch-cli \
  --query TransformJobStatus --output text | grep -E 'Completed|Failed|Stopped'; do sleep 1; done
aws s3 ls "$OUT/"
aws s3 cp "$OUT/file_name.out" - | sed 's/^/prediction: /'
