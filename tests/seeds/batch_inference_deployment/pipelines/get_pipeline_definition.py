"""Write the definition of a module's pipeline to a file, or print it.

python -m pipelines.get_pipeline_definition -n MODULE [-f FILE] [-kwargs DICTIONARY]
"""

import argparse
import ast
from pathlib import Path

from pipelines._utils import pipeline_of


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--module-name", required=True)
    parser.add_argument("-f", "--file-name")
    parser.add_argument("-kwargs", "--kwargs", default="{}")
    options = parser.parse_args()
    definition = pipeline_of(options.module_name, **ast.literal_eval(options.kwargs)).definition()
    if options.file_name:
        Path(options.file_name).write_text(definition)
    else:
        print(definition)


if __name__ == "__main__":
    main()
