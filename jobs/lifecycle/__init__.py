"""The steps of a job's life, each for one job: only here are rows and AWS used together.

A step returns its outcome. It is safe to repeat and to run twice at once: a change of state is a guarded move, and
SageMaker's names are made from the job's key.
"""
