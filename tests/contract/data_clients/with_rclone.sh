# Files through rclone: synchronised in parts, checked, copied on the server, moved, deleted.
set -eu
folder="s3:$2"
export RCLONE_CONFIG_S3_TYPE=s3 RCLONE_CONFIG_S3_PROVIDER=Other RCLONE_CONFIG_S3_ENV_AUTH=true
export RCLONE_CONFIG_S3_ENDPOINT="$AWS_ENDPOINT_URL" RCLONE_CONFIG_S3_FORCE_PATH_STYLE=true
rclone() { "$1/rclone" --s3-upload-cutoff 5M --s3-chunk-size 5M --s3-no-check-bucket --log-level ERROR "${@:2}"; }
mkdir -p in/sub
printf '1,2\n' > in/one.csv
printf '3,4\n' > "in/sub/two words +%.csv"
head -c 12000000 /dev/zero > in/large.bin
rclone "$1" sync in "$folder/in"
rclone "$1" check in "$folder/in" && echo "equal"
rclone "$1" lsf --recursive --files-only --format ps "$folder/in" | sort
rclone "$1" copy "$folder/in" "$folder/copy"
rm in/one.csv
rclone "$1" sync in "$folder/in"
rclone "$1" moveto "$folder/copy/large.bin" "$folder/moved.bin"
rclone "$1" lsf --recursive --files-only "$folder" | sort
rclone "$1" cat --offset 11999998 "$folder/moved.bin" | wc -c | awk '{print "end", $1}'
rclone "$1" purge "$folder"
rclone "$1" lsf --recursive "$folder" | wc -l | awk '{print "left", $1}'
