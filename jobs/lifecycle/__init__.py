"""One job, one step: the only place where rows meet AWS. Each step says what happened.

Steps are safe to repeat and to run twice at once: a change of state is a guarded move, and SageMaker's
names are made from the job's key.
"""
