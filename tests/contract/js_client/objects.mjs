// Objects through the S3 client of AWS's SDK for JavaScript 3: uploads in parts, streams, ranges, copies, presigned URLs, deletes.
// Arguments: the bucket, the folder.
import { Readable } from "node:stream";
import {
  CopyObjectCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, NoSuchKey, PutObjectCommand, S3Client, paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [bucket, folder] = process.argv.slice(2);
const client = new S3Client({ forcePathStyle: true });
const place = (name) => ({ Bucket: bucket, Key: `${folder}/${name}` });

async function keys() {
  const names = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: bucket, Prefix: `${folder}/` })) {
    names.push(...(page.Contents ?? []).map((row) => row.Key.slice(folder.length + 1)));
  }
  return names;
}

await client.send(new PutObjectCommand({ ...place("one.csv"), Body: "1,2\n3,4\n", ContentType: "text/csv", Metadata: { team: "risk" } }));
const chunk = Buffer.alloc(1 << 20, "x");
const body = Readable.from((function* () { for (let n = 0; n < 12; n += 1) yield chunk; yield Buffer.from("end"); })());
await new Upload({ client, params: { ...place("large.bin"), Body: body }, partSize: 5 << 20 }).done();
await client.send(new CopyObjectCommand({ ...place("with space +%.csv"), CopySource: encodeURI(`${bucket}/${folder}/one.csv`) }));

const head = await client.send(new HeadObjectCommand({ ...place("with space +%.csv"), ChecksumMode: "ENABLED" }));
console.log("head", head.ContentLength, head.ContentType, head.Metadata.team, head.ChecksumCRC32 !== undefined);
const range = await client.send(new GetObjectCommand({ ...place("large.bin"), Range: "bytes=-4" }));
console.log("range", await range.Body.transformToString(), range.ContentRange);
console.log("keys", (await keys()).join(" | "));
const url = await getSignedUrl(client, new GetObjectCommand(place("with space +%.csv")), { expiresIn: 60 });
console.log("presigned", JSON.stringify(await (await fetch(url)).text()));
try {
  await client.send(new GetObjectCommand(place("absent.csv")));
} catch (error) {
  console.log("absent", error instanceof NoSuchKey, error.$metadata.httpStatusCode);
}
const Objects = (await keys()).map((name) => ({ Key: place(name).Key }));
const deleted = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
console.log("deleted", deleted.Deleted.length, "left", (await keys()).length);
