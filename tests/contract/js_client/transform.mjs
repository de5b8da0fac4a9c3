// A batch transform job through AWS's SDK for JavaScript 3, from the model to its outputs.
// Arguments: a name, the role, the image, the URIs of the model and the data, the bucket.
import {
  CreateModelCommand, CreateTransformJobCommand, DescribeTransformJobCommand, SageMakerClient, paginateListTransformJobs,
  waitUntilTransformJobCompletedOrStopped,
} from "@aws-sdk/client-sagemaker";
import { GetObjectCommand, S3Client, paginateListObjectsV2 } from "@aws-sdk/client-s3";

const [name, role, image, model, data, bucket] = process.argv.slice(2);
const sagemaker = new SageMakerClient({});
const s3 = new S3Client({ forcePathStyle: true });

await sagemaker.send(new CreateModelCommand({
  ModelName: name, ExecutionRoleArn: role, PrimaryContainer: { Image: image, ModelDataUrl: model },
}));
await sagemaker.send(new CreateTransformJobCommand({
  TransformJobName: name,
  ModelName: name,
  TransformInput: {
    ContentType: "text/csv", SplitType: "Line", DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: data } },
  },
  TransformOutput: { S3OutputPath: `s3://${bucket}/${name}/`, AssembleWith: "Line" },
  TransformResources: { InstanceType: "ml.m5.large", InstanceCount: 1 },
}));
await waitUntilTransformJobCompletedOrStopped(
  { client: sagemaker, minDelay: 1, maxDelay: 2, maxWaitTime: 600 }, { TransformJobName: name },
);
const job = await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name }));
console.log("status", job.TransformJobStatus, job.TransformEndTime >= job.TransformStartTime);
const listed = [];
for await (const page of paginateListTransformJobs({ client: sagemaker }, { NameContains: name })) {
  listed.push(...page.TransformJobSummaries);
}
console.log("listed", listed.length, listed[0].TransformJobStatus);
for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: `${name}/` })) {
  for (const { Key } of page.Contents) {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const rows = (await answer.Body.transformToString()).trim().split("\n");
    console.log("output", Key.slice(name.length + 1), rows.length, rows[0], rows.at(-1));
  }
}
try {
  await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: `${name}-absent` }));
} catch (error) {
  console.log("absent", error.name, error.$fault);
}
