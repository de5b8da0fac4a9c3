"""Creates, changes and deletes the resources of CloudFormation's stacks."""

from engine.orchestration.stacks.service import StackService

__all__ = ["StackService"]
