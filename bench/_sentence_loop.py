"""The loop beside the job of `./deck bench embeddings`: python _sentence_loop.py MODEL_FOLDER LISTS_FILE VECTORS_FILE.

Prints the seconds of the encoding alone, with the first list's, which takes longer: so does a job's first request.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from _sentences import model_fn, predict_fn  # type: ignore[import-not-found]

if __name__ == "__main__":
    model = model_fn(sys.argv[1])
    lists = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    began = time.perf_counter()
    vectors = [predict_fn(texts, model) for texts in lists]
    seconds = time.perf_counter() - began
    Path(sys.argv[3]).write_text(json.dumps(vectors))
    print(seconds)
