"""The JSON definition of a SageMaker pipeline: parsing, checks, expressions and the order of steps. No I/O.

The format is that of https://github.com/aws-sagemaker-mlops/sagemaker-model-building-pipeline-definition-JSON-schema.
"""

from __future__ import annotations

from engine.pipeline_definitions.definition import Definition, parse_definition
from engine.pipeline_definitions.members import BadDefinition
from engine.pipeline_definitions.parameters import BadParameter, Parameter, parameter_values
from engine.pipeline_definitions.steps import Step

__all__ = [
    "BadDefinition",
    "BadParameter",
    "Definition",
    "Parameter",
    "Step",
    "parameter_values",
    "parse_definition",
]
