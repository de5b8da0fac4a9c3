"""What starts SageMaker's operations by itself: pipelines."""
