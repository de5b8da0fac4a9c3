"""Sends a picture to the model and answers with the likeliest label and its score."""

import base64
import json
from pathlib import Path

LABELS = Path(__file__).with_name("labels.txt").read_text().splitlines()


def input_handler(data, context):
    """A picture's bytes as a request for TensorFlow Serving."""
    if context.request_content_type not in ("application/x-image", "image/jpeg", "image/png"):
        raise ValueError(f'Unsupported content type "{context.request_content_type or "Unknown"}"')
    encoded_image = base64.b64encode(data.read()).decode("utf-8")
    return json.dumps({"instances": [{"b64": encoded_image}]})


def output_handler(response, context):
    """TensorFlow Serving's answer as JSON with the label and the score of the picture."""
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    [prediction] = response.json()["predictions"]
    number = prediction["classes"]
    answer = {"label": LABELS[number], "score": round(prediction["probabilities"][number], 4)}
    return json.dumps(answer), "application/json"
