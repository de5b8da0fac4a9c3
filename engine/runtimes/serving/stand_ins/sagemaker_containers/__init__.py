"""Stands in for the package `sagemaker_containers` of SageMaker's images, which does not install on a newer Python.

It has what inference scripts use, with the names and answers of sagemaker-containers 2.8.6; scripts import most of it
from `sagemaker_containers.beta.framework`. NumPy is all that its encoders need; `_worker` needs Flask.
"""
