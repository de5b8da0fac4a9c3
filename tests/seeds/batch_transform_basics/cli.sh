# Batch transform, basics: a model made by CreateModel, the document's request and its demo's, with the aws CLI.
#
#     sh -eu cli.sh BUCKET ROLE IMAGE
S3=s3://$1
aws sagemaker create-model --model-name basics-cli --execution-role-arn "$2" \
  --primary-container "Image=$3,ModelDataUrl=$S3/model.tar.gz"
aws sagemaker create-transform-job --transform-job-name my-job-cli --model-name basics-cli \
  --transform-input "DataSource={S3DataSource={S3DataType=S3Prefix,S3Uri=$S3/inputfolder/}},SplitType=Line" \
  --transform-output "S3OutputPath=$S3/request-cli,AssembleWith=Line" \
  --transform-resources InstanceType=ml.m4.xlarge,InstanceCount=1
aws sagemaker create-transform-job --transform-job-name my-demo-cli --model-name basics-cli \
  --transform-input "DataSource={S3DataSource={S3DataType=S3Prefix,S3Uri=$S3/csv}},ContentType=text/csv,SplitType=Line" \
  --transform-output "S3OutputPath=$S3/demo-cli" \
  --transform-resources InstanceType=ml.m4.xlarge,InstanceCount=1
for JOB in my-job-cli my-demo-cli; do
  until aws sagemaker describe-transform-job --transform-job-name $JOB --query TransformJobStatus --output text |
    grep -E 'Completed|Failed|Stopped'; do sleep 1; done
done
aws s3 cp --recursive --quiet "$S3/request-cli" request
aws s3 cp --recursive --quiet "$S3/demo-cli" demo
