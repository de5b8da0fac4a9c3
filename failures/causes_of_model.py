"""Rules about the model and its container, and general rules that say only what happened."""

from __future__ import annotations

from failures import changes as try_
from failures.blame import FailureKind
from failures.cause import Cause

BYTE_ORDER_MARK = Cause(
    "byte-order-mark",
    "The files begin with a byte order mark",
    "Its three bytes (EF BB BF) are sent to the model as part of the first value of each file. Write the files as "
    'UTF-8 without it: in Python encoding="utf-8" instead of "utf-8-sig", in Excel "CSV" rather than "CSV UTF-8".',
    (r"\ufeff", r"\\ufeff", "\u00ef\u00bb\u00bf", r"\\xef\\xbb\\xbf", r"Unexpected UTF-8 BOM"),
)

RECORDS = (
    Cause(
        "one-record-handler",
        "The model takes one record a call",
        "Several records were sent in one call and the model's code reads them as one document.",
        (r"Extra data: line 2 column 1",),
        try_.either(try_.one_record, try_.put("split_type", "Line", "Makes a record of each line.")),
    ),
    Cause(
        "wrong-columns",
        "The records have another number of columns than the model was trained with",
        "Count them: an id or a label in the data, a column that is missing, a delimiter other than a comma. An input "
        "filter keeps columns from the model.",
        (r"Feature size of .*inference data", r"Feature shape mismatch", r"feature_names mismatch",
         r"X has \d+ features?, but", r"Unexpected number of columns", r"Number of features of the model must match",
         r"Failed to parse .* as CSV: .*(columns|cells)"),
        try_.first_column_out,
    ),
    BYTE_ORDER_MARK,
    Cause(
        "csv-unreadable",
        "The model could not read the records as CSV numbers",
        "Usually a header row, a text column, quotes, a byte order mark at a file's beginning (UTF-8 with BOM, as "
        "Excel writes it) or a line break inside a cell: batch transform sends every line, the header too, and cells "
        "may not hold line breaks. A header has to be taken out of the files, as a filter "
        "leaves out columns and not rows; a column of ids can be filtered.",
        (r"Unable to parse data as csv", r"Loading csv data failed", r"could not convert string to (float|numeric)",
         r"please ensure data is in (text/)?csv format", r"Failed to parse .* as CSV"),
        try_.text_column_out,
    ),
    Cause(
        "json-unreadable",
        "The model could not read the records as JSON",
        "Check that the content type says what the data are: application/jsonlines has one document a line, "
        "application/json one for a whole file. A byte order mark at a file's beginning is not JSON either.",
        (r"Expecting value: line 1 column 1", r"JSONDecodeError", r"Unable to parse data as json",
         r"not formatted correctly\. Expecting object", r"Failed to parse .* as JSON", r"not valid JSON"),
        try_.split_lines,
    ),
    Cause(
        "not-text",
        "The model was sent bytes that are not the text it expects",
        "Check the encoding (UTF-8 without a byte order mark) and the content type; images and other binary data must "
        "not be split into lines.",
        (r"codec can't decode byte", r"UnicodeDecodeError"),
        try_.put("split_type", "None", "Sends each file as it is, in one call."),
    ),
    Cause(
        "content-type-refused",
        "The model does not take this content type",
        "Say in ContentType what the model reads; its message may name the types.",
        (r"ClientError: 415", r"Error: 415", r"Content[- ]?type .*not supported", r"Unsupported content[- ]?type",
         r"UnsupportedFormatError", r"Unsupported Media Type"),
        try_.listed_type("content_type", "The message names this type."),
    ),
    Cause(
        "accept-refused",
        "The model does not answer in this type",
        "Say in Accept what the model writes, or leave it out to get what it likes best.",
        (r"ClientError: 406", r"Accept type .*not supported", r"Not Acceptable"),
        try_.either(try_.listed_type("accept", "The message names this type."),
                    try_.without("accept", "Takes whatever type the model prefers.")),
    ),
)  # fmt: skip

CONTAINER = (
    Cause(
        "requirements-not-installed",
        "The packages of code/requirements.txt could not be installed",
        "The message quotes the installer or the line. Each line must name a package of the index that has a wheel for "
        "this machine and fits the image's own packages; a wheel in code/ works too. Without a network only wheels do.",
        (r"code/requirements\.txt could not be installed", r"code/requirements\.txt has the line ",
         r"failed to install required packages", r"No matching distribution found for "),
    ),
    Cause(
        "module-missing",
        "The model's code needs a package that the container does not have",
        "Add it to code/requirements.txt in the model archive, or use an image that has it. Register the model anew.",
        (r"ModuleNotFoundError", r"No module named ", r"ImportError: "),
    ),
    Cause(
        "model-not-loaded",
        "The container could not load the model",
        "The archive must hold what the container looks for at its top: xgboost-model, model.joblib or model.pth with "
        "code/inference.py, a numbered folder for TensorFlow. Versions of packages must fit those of the training.",
        (r"There is no model in ", r"no model to be found", r"Model \S+ cannot be loaded", r"provide a model_fn",
         r"Failed to load model", r"UnpicklingError", r"No such file or directory: '\S*/opt/ml/model",
         r"Error loading model", r"not an XGBoost model"),
    ),
    Cause(
        "script-returns-no-answer",
        "The model's script returns something that cannot be sent",
        "output_fn or transform_fn must return text or bytes, or a pair of these and a content type. A function "
        "without a return statement returns None.",
        (r"output_fn must return text or bytes", r"did not return a valid response",
         r"did not return a response"),
    ),
    Cause(
        "engine-lacks-it",
        "The embedded engine cannot do this",
        "Leave it out, or run the job on an AWS connection.",
        (r"The embedded engine does not support",),
    ),
    Cause(
        "job-unknown",
        "The service no longer knows the job",
        "How it ended is not known. Look at its outputs, and submit it again if any are missing.",
        (r"no longer knows this job",),
    ),
)  # fmt: skip

#: General causes: each is used only if none of the specific ones above fits.
GENERAL = (
    Cause(
        "ping-failed",
        "The container never said that it was ready",
        "It must answer GET /ping with status 200 on port 8080. Read the container's log for what kept it: loading a "
        "large model takes long, and an error at start is at the log's end.",
        (r"failed to respond to ping",),
        general=True,
    ),
    Cause(
        "container-ended",
        "The container's program ended",
        "The quoted line is its last. Correct the model's code or archive and register the model anew; the lines "
        "before it are in the instance's log.",
        (r"model container ended (before|while)",),
        general=True,
    ),
    Cause(
        "no-answer",
        "The container closed the connection without an answer",
        "Most often its worker crashed or ran out of memory at this call. Read the container's log at this time, and "
        "send less in a call.",
        (r"Unable to get response from( the)? algorithm",),
        try_.either(try_.smaller_payload, try_.one_record, try_.split_lines, try_.larger_instance),
        general=True,
    ),
    Cause(
        "model-error",
        "The model's code failed on a record",
        "The container answered with a 5xx status, which is an error in its code or a record that it does not expect. "
        "One record a call shows which file and record it is.",
        (r"Bad HTTP status received from algorithm: 5\d\d",),
        try_.one_record,
        general=True,
    ),
    Cause(
        "record-refused",
        "The model refused a record",
        "The container answered with a 4xx status: the data are not what it expects. Compare the record with one that "
        "the model takes. One record a call narrows it down.",
        (r"ClientError: 4\d\d",),
        try_.one_record,
        general=True,
    ),
    Cause(
        "internal-error",
        "A fault of the service's own",
        "Often it passes: run it again, by automatic retries if you like. If it stays, the model with its container "
        "may need more than the 30 GB of disk or the memory of the instance.",
        propose=try_.larger_instance,
        failure=FailureKind.INTERNAL,
        general=True,
    ),
)  # fmt: skip
