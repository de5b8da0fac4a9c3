# Files through s3cmd: put in parts, listed, synchronised, copied, deleted.
set -eu
folder="s3://$2"
host="${AWS_ENDPOINT_URL#http://}"
s3() { "$1/s3cmd" --no-ssl --host="$host" --host-bucket="$host" --no-progress --quiet "${@:2}"; }
mkdir -p in
printf '1,2\n' > in/one.csv
head -c 12000000 /dev/zero > in/large.bin
s3 "$1" --multipart-chunk-size-mb=5 sync in/ "$folder/in/"
"$1/s3cmd" --no-ssl --host="$host" --host-bucket="$host" ls "$folder/in/" | awk '{print "listed", $3}'
# Without this option s3cmd sets the copy's ACL, which a bucket without ACLs, as AWS makes them, refuses.
s3 "$1" cp --acl-private "$folder/in/one.csv" "$folder/copy.csv"
s3 "$1" get "$folder/copy.csv" back.csv
cmp in/one.csv back.csv && echo "equal"
s3 "$1" get "$folder/in/large.bin" back.bin
cmp in/large.bin back.bin && echo "equal large"
s3 "$1" del --recursive --force "$folder/"
"$1/s3cmd" --no-ssl --host="$host" --host-bucket="$host" ls --recursive "$folder/" | wc -l | awk '{print "left", $1}'
