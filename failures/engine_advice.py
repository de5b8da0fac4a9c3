"""Advice for jobs of an embedded engine, by the cause's slug, where the cause's own advice is about AWS.

The engine has no roles, KMS keys or web servers in containers, and instance types are names for it.
"""

from __future__ import annotations

ENGINE_ADVICE = {
    "request-refused-as-too-large": "The call was sent, but the model's server has a limit of its own, so a higher "
    "MaxPayloadInMB alone does not help. Send less in a call. The limit of the XGBoost runtime is the variable "
    "MAX_CONTENT_LENGTH, 20 MB at most.",
    "answer-too-large": "Send fewer records in a call so that each answer is smaller, or raise the engine's limit "
    "(ENGINE_LIMITS, answer_mb).",
    "worker-timeout": "The limit is the model server's own and under the job's. Send less in a call.",
    "out-of-memory": "Send less at once: fewer calls at a time, smaller calls, one record a call. A model server gets "
    "the memory of its instance type, at most 80 % of the engine's machine (ENGINE_LIMITS, memory_mb).",
    "disk-full": "Make room on the engine's machine, or make the model smaller. What a job may hold on disk is set by "
    "ENGINE_LIMITS, disk_mb.",
    "no-capacity": "The engine is told that it has no instance of this type (ENGINE_NO_CAPACITY, or the tag "
    "engine:trouble). Use another type.",
    "quota": "Use another instance type or fewer instances. The engine's quotas are the setting ENGINE_QUOTAS.",
    "no-input": "Check bucket and prefix in Browse. Upper and lower case count, and a prefix is not a pattern.",
    "model-data-missing": "ModelDataUrl must name one complete .tar.gz in the engine's store. Upload it again, or "
    "register the model anew.",
    "access-denied": "The connection's key may not use this bucket, prefix or model. The connection's page lists what "
    "it may use; an admin of the engine can allow more.",
    "bucket-missing": "Create it in the engine's store, or correct the path.",
    "model-gone": "It was deleted, or is in another engine. Register it again under this connection.",
    "image-cannot-run": "Use an image that the engine has a runtime for, or run the job on an AWS connection.",
    "model-not-loaded": "The archive must hold what the engine's runtime looks for at its top: xgboost-model for "
    "XGBoost, code/inference.py with a model_fn for scikit-learn, an MLeap bundle for SparkML. Versions of packages "
    "must fit those of the training.",
    "ping-failed": "Loading a large model takes long; the engine waits --ping-deadline seconds for it. An error at "
    "start is at the end of the container's log.",
    "internal-error": "Run it again. If it stays, the engine's own log on its machine and its free disk say more.",
}
