"""What a person asks of a model registry: each function calls SageMaker, then records what was done."""
