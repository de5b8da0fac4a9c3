"""Create or change a module's pipeline, run it and print its steps as JSON.

python -m pipelines.run_pipeline -n MODULE -role-arn ROLE [-tags LIST] [-kwargs DICTIONARY] [-parameters DICTIONARY]
"""

import argparse
import ast
import json

from pipelines._utils import pipeline_of


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--module-name", required=True)
    parser.add_argument("-role-arn", "--role-arn", required=True)
    parser.add_argument("-tags", "--tags", default="[]")
    parser.add_argument("-kwargs", "--kwargs", default="{}")
    parser.add_argument("-parameters", "--parameters", default="{}")
    options = parser.parse_args()
    pipeline = pipeline_of(options.module_name, **ast.literal_eval(options.kwargs))
    answer = pipeline.upsert(role_arn=options.role_arn, tags=ast.literal_eval(options.tags))
    print(f"pipeline: {answer['PipelineArn']}")
    execution = pipeline.start(parameters=ast.literal_eval(options.parameters))
    execution.wait(delay=1, max_attempts=300)
    print(f"status: {execution.describe()['PipelineExecutionStatus']}")
    print(f"steps: {json.dumps(execution.list_steps(), default=str)}")


if __name__ == "__main__":
    main()
