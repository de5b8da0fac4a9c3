"""Pictures a second through the TensorFlow Serving runtime, beside a plain loop over the same model in one process.

    ./deck bench images [--runs N] [--pictures N] [--only KIND] [--json FILE]

The scripts, the signature and the settings of request batching are those of AWS's article on batch inference with
TensorFlow Serving; the model is the classifier of samples/pictures. Jobs and the loop take turns within one run. A job
has one instance; its time runs from its first request to its last output. The loop has the pictures in memory and drops
the answers.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from itertools import count, product
from pathlib import Path
from statistics import median
from typing import Any

from bench import _report
from bench._engine import BUCKET, Engine
from bench._workload import CHECKOUT, runtime_python
from tests.support.classifier import LABELS, PHOTOGRAPHS, saved_model, write_classifier
from tests.support.examples import picture_example
from tests.support.framing import tfrecord_bytes

_IMAGE = "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-serving:1.13.1-gpu"
_SCRIPTS = CHECKOUT / "tests" / "seeds" / "tensorflow_serving_batch"
_LOOP = Path(__file__).with_name("_image_loop.py")
_KINDS = ("jpeg", "tfrecord")
_IN_FLIGHT = (1, 8, 64)
_BATCHING = {
    "SAGEMAKER_TFS_ENABLE_BATCHING": "true",
    "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS": "50000",
    "SAGEMAKER_TFS_MAX_BATCH_SIZE": "16",
}
#: Records of a TFRecord object.
_RECORDS = 24
_BAR = 0.7


class PictureContest:
    """The engine with the model, and the loop with the same SavedModel."""

    def __init__(self, folder: Path, pictures: int) -> None:
        bodies = [path.read_bytes() for path in PHOTOGRAPHS]
        self._pictures = [bodies[number % len(bodies)] for number in range(pictures)]
        self._folder = folder
        self._python = runtime_python(_IMAGE, folder)
        self._numbers = count()
        self.engine = Engine(folder / "engine")
        for kind in _KINDS:
            archive = folder / f"{kind}.tar.gz"
            write_classifier(archive, (_SCRIPTS / f"inference_{kind}.txt").read_bytes())
            self.engine.add_model(kind, archive, _IMAGE, {})
        (folder / "model").mkdir()
        (folder / "model" / "saved_model.pb").write_bytes(saved_model())
        for name, body in self._objects("jpeg") + self._objects("tfrecord"):
            self.engine.put(name, body)

    def _objects(self, kind: str) -> list[tuple[str, bytes]]:
        if kind == "jpeg":
            return [(f"jpeg/in/{n:05}.jpg", body) for n, body in enumerate(self._pictures)]
        records = [picture_example(body) for body in self._pictures]
        starts = range(0, len(records), _RECORDS)
        return [(f"tfrecord/in/{n:05}", tfrecord_bytes(records[n : n + _RECORDS])) for n in starts]

    def job(self, kind: str, in_flight: int, batching: bool) -> float:
        """Pictures a second of a job. Fails unless each picture has its answer."""
        name = f"{kind}-{next(self._numbers)}"
        names = [key.rpartition("/")[2] for key, _ in self._objects(kind)]
        keys = [f"{name}/{object_name}.out" for object_name in names]
        seconds = self.engine.seconds_of_job(self._request(kind, name, in_flight, batching), keys)
        answers = b"".join(self.engine.get(key) for key in keys)
        assert answers.count(b'"classes"') == len(self._pictures), "a picture has no answer"
        return len(self._pictures) / seconds

    def loop(self) -> float:
        """Pictures a second of the loop."""
        model, pictures = self._folder / "model", str(len(self._pictures))
        command: list[str | Path] = [self._python, _LOOP, model, pictures, *PHOTOGRAPHS]
        process = subprocess.run(command, capture_output=True, text=True, check=True)
        printed = json.loads(process.stdout)
        assert LABELS[printed["classes"][0]], "no class"
        return float(printed["rate"])

    @staticmethod
    def _request(kind: str, name: str, in_flight: int, batching: bool) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{kind}/in/"}
        split = {"SplitType": "TFRecord"} if kind == "tfrecord" else {}
        assemble = {"AssembleWith": "Line"} if kind == "tfrecord" else {}
        content_type = "application/x-tfexample" if kind == "tfrecord" else "application/x-image"
        return {
            "TransformJobName": name,
            "ModelName": kind,
            "MaxConcurrentTransforms": in_flight,
            "MaxPayloadInMB": 1,
            "BatchStrategy": "SingleRecord",
            "Environment": _BATCHING if batching else {},
            "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": content_type, **split},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{name}", **assemble},
            "TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
        }


def main() -> None:
    """Run it and print the table."""
    parser = _report.parser("images", __doc__ or "")
    parser.add_argument("--pictures", type=int, default=96, help="pictures of a job (default: %(default)s)")
    parser.add_argument("--only", choices=_KINDS, help="one kind of input (default: both)")
    options = parser.parse_args()
    load = _report.load()
    kinds = [options.only] if options.only else _KINDS
    cases: list[dict[str, Any]] = [
        {"kind": kind, "in_flight": in_flight, "batching": batching, "job": [], "loop": []}
        for kind, batching, in_flight in product(kinds, (False, True), _IN_FLIGHT)
    ]
    rate = 0.0
    with tempfile.TemporaryDirectory() as name:
        contest = PictureContest(Path(name), options.pictures)
        try:
            for _ in range(options.runs):
                for number, case in enumerate(cases):
                    # One loop for each of the three rates of calls at once.
                    rate = contest.loop() if number % len(_IN_FLIGHT) == 0 else rate
                    case["loop"].append(rate)
                    case["job"].append(contest.job(case["kind"], case["in_flight"], case["batching"]))
        finally:
            contest.engine.stop()
    headings = ["pictures a second", "at once", "batching", "job", "loop", "share"]
    print(_report.columns(headings, [_row(case) for case in cases]))
    print(
        f"{_report.machine_line()}; {options.pictures} pictures, {options.runs} runs of each, medians of rates and of "
        f"ratios; the bar is {_BAR:.0%}; load average before: {load}"
    )
    if options.json:
        _report.write_json(options.json, "images", {"load_before": load, "pictures_per_second": cases})


def _row(case: dict[str, Any]) -> list[str]:
    share = median(job / loop for job, loop in zip(case["job"], case["loop"], strict=True))
    rates = [f"{median(case[name]):.1f}" for name in ("job", "loop")]
    batching = "on" if case["batching"] else "off"
    return [case["kind"], str(case["in_flight"]), batching, *rates, f"{share:.0%}"]


if __name__ == "__main__":
    main()
