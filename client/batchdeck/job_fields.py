"""The fields of a job that the command line takes. Made by `python -m tools.client_types`; do not edit."""

from __future__ import annotations

from batchdeck.job_field import JobField

FIELDS = (
    JobField("name", "str", (), "Made from the model's name if left out.", is_own=False),
    JobField("model", "str", (), "The model's name in SageMaker.", is_own=False),
    JobField("max_payload", "int", (), "The largest body of a call, in MiB.", is_own=False),
    JobField(
        "max_concurrent_transforms", "int", (), "How many calls each instance gets at once.", is_own=False
    ),
    JobField(
        "env", "texts", (), "Environment variables of the containers, over the model's own.", is_own=False
    ),
    JobField(
        "data_type", "str", ("S3Prefix", "ManifestFile"), "What is at the input's address.", is_own=False
    ),
    JobField("data", "str", (), "s3:// address of the input.", is_own=False),
    JobField("content_type", "str", (), "Sent with every call.", is_own=False),
    JobField(
        "split_type",
        "str",
        ("None", "Line", "RecordIO", "TFRecord"),
        "How an object is split into records.",
        is_own=False,
    ),
    JobField(
        "strategy", "str", ("MultiRecord", "SingleRecord"), "How many records go into one call.", is_own=False
    ),
    JobField(
        "compression_type", "str", ("None", "Gzip"), "How the input's objects are compressed.", is_own=False
    ),
    JobField("output_path", "str", (), "s3:// address for the outputs.", is_own=False),
    JobField("accept", "str", (), "What the model should answer with.", is_own=False),
    JobField(
        "assemble_with",
        "str",
        ("None", "Line"),
        "How the answers of one object are put together.",
        is_own=False,
    ),
    JobField("output_kms_key", "str", (), "The key that encrypts the outputs.", is_own=False),
    JobField("instance_type", "str", (), "The type of the instances that the job runs on.", is_own=False),
    JobField("instance_count", "int", (), "How many instances share the input's objects.", is_own=False),
    JobField("volume_kms_key", "str", (), "The key that encrypts the instances' volumes.", is_own=False),
    JobField(
        "transform_ami_version", "str", (), "The version of the instances' machine image.", is_own=False
    ),
    JobField("input_filter", "str", (), "What of a record the model sees.", is_own=False),
    JobField("output_filter", "str", (), "What of the joined record is written.", is_own=False),
    JobField("join_source", "str", ("None", "Input"), "What an output record holds.", is_own=False),
    JobField(
        "model_client_config.invocations_timeout_in_seconds",
        "int",
        (),
        "How long a call to the model may take, in seconds.",
        is_own=False,
    ),
    JobField(
        "model_client_config.invocations_max_retries",
        "int",
        (),
        "How often a failed call is tried again.",
        is_own=False,
    ),
    JobField("data_capture_config.destination_s3_uri", "str", (), "s3:// address.", is_own=False),
    JobField("data_capture_config.kms_key_id", "str", (), "The key that encrypts the copies.", is_own=False),
    JobField(
        "data_capture_config.generate_inference_id",
        "bool",
        (),
        "Whether each output gets an id and the job's start.",
        is_own=False,
    ),
    JobField("experiment_config", "texts", (), "The experiment that the job belongs to.", is_own=False),
    JobField("tags", "texts", (), "Tags of the job in SageMaker.", is_own=False),
    JobField(
        "priority", "int", (), "-10 to 10. Higher ones start first, of equal ones the older.", is_own=True
    ),
    JobField(
        "fallback_instance_types",
        "words",
        (),
        "Up to ten, tried in this order when SageMaker has no instance of the type or the quota of the type is used up. instance_type_used in the answer is the one that is asked for now.",
        is_own=True,
    ),
    JobField(
        "max_retries",
        "int",
        (),
        "0 to 10. How often the job is submitted again, as its next attempt, when it fails with CapacityError (then on the next fallback type) or InternalServerError. The next attempt's own max_retries is one less.",
        is_own=True,
    ),
    JobField(
        "deadline_minutes",
        "int",
        (),
        "The job is stopped so many minutes after SageMaker accepted it.",
        is_own=True,
    ),
    JobField(
        "max_idle_minutes",
        "int",
        (),
        "The job is stopped after so many minutes without a new output or log line, once its instances run.",
        is_own=True,
    ),
    JobField(
        "max_cost_usd",
        "float",
        (),
        "The job is stopped when its instances have cost so many US dollars. Refused where the instance type, or one of the fallback types, has no price, since such a cap could not hold. The attempts that max_retries makes share one cap.",
        is_own=True,
    ),
)
