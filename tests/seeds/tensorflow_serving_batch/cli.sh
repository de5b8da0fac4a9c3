# Batch inference with TensorFlow Serving: the document's commands for the aws CLI.
#
#     bash -eu cli.sh BUCKET ROLE jpeg|tfrecord
#
# Runs in a folder with code/inference.py, code/requirements.txt and the SavedModel in the document's folder. The data is
# in the bucket at jpeg-images/ and tfrecord-images/.

timestamp() {
  date +%Y-%m-%d-%H-%M-%S
}

tar -czvf model.tar.gz code --directory=resnet_v2_fp32_savedmodel_NCHW_jpg 1538687370

MODEL_NAME="image-classification-tfs-$3-$(timestamp)"
MODEL_DATA_URL="s3://$1/$3-model/model.tar.gz"

aws s3 cp model.tar.gz $MODEL_DATA_URL

REGION="us-west-2"
TFS_VERSION="1.13.1"
PROCESSOR_TYPE="gpu"

IMAGE="520713654638.dkr.ecr.$REGION.amazonaws.com/sagemaker-tensorflow-serving:$TFS_VERSION-$PROCESSOR_TYPE"

ROLE_ARN="$2"

aws sagemaker create-model \
  --model-name $MODEL_NAME \
  --primary-container Image=$IMAGE,ModelDataUrl=$MODEL_DATA_URL \
  --execution-role-arn $ROLE_ARN

JOB_NAME="tfs-image-classification-job-$3-$(timestamp)"
TRANSFORM_S3_INPUT="s3://$1/$3-images/"
TRANSFORM_S3_OUTPUT="s3://$1/$3-output"

TRANSFORM_INPUT_DATA_SOURCE={S3DataSource={S3DataType="S3Prefix",S3Uri=$TRANSFORM_S3_INPUT}}

INSTANCE_TYPE="ml.p3.2xlarge"
INSTANCE_COUNT=2

MAX_PAYLOAD_IN_MB=1
MAX_CONCURRENT_TRANSFORMS=64

if [ "$3" = jpeg ]; then
  CONTENT_TYPE="application/x-image"

  aws sagemaker create-transform-job \
    --model-name $MODEL_NAME \
    --transform-input DataSource=$TRANSFORM_INPUT_DATA_SOURCE,ContentType=$CONTENT_TYPE \
    --transform-output S3OutputPath=$TRANSFORM_S3_OUTPUT \
    --transform-resources InstanceType=$INSTANCE_TYPE,InstanceCount=$INSTANCE_COUNT \
    --max-payload-in-mb $MAX_PAYLOAD_IN_MB \
    --max-concurrent-transforms $MAX_CONCURRENT_TRANSFORMS \
    --transform-job-name $JOB_NAME
else
  SPLIT_TYPE="TFRecord"
  BATCH_STRATEGY="SingleRecord"

  CONTENT_TYPE="application/x-tfexample"
  DATA_SOURCE=$TRANSFORM_INPUT_DATA_SOURCE,ContentType=$CONTENT_TYPE,SplitType=$SPLIT_TYPE

  ASSEMBLE_WITH="Line"

  aws sagemaker create-transform-job \
    --model-name $MODEL_NAME \
    --transform-input DataSource=$DATA_SOURCE \
    --transform-output S3OutputPath=$TRANSFORM_S3_OUTPUT,AssembleWith=$ASSEMBLE_WITH \
    --transform-resources InstanceType=$INSTANCE_TYPE,InstanceCount=$INSTANCE_COUNT \
    --max-payload-in-mb $MAX_PAYLOAD_IN_MB \
    --max-concurrent-transforms $MAX_CONCURRENT_TRANSFORMS \
    --transform-job-name $JOB_NAME \
    --batch-strategy $BATCH_STRATEGY \
    --environment SAGEMAKER_TFS_ENABLE_BATCHING=true,SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS="50000",SAGEMAKER_TFS_MAX_BATCH_SIZE="16"
fi

until aws sagemaker describe-transform-job --transform-job-name $JOB_NAME \
  --query TransformJobStatus --output text | grep -E 'Completed|Failed|Stopped'; do sleep 1; done
