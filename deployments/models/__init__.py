"""Rows of deployments."""

from deployments.models.approval_change import Approval, ApprovalChange
from deployments.models.deployment import Deployment, FollowPolicy
from deployments.models.promotion import Promotion, PromotionKind, PromotionState
from deployments.models.run import DeploymentRun, RunStep, StageRunState, StepKind, StepState
from deployments.models.stage import Stage

__all__ = [
    "Approval",
    "ApprovalChange",
    "Deployment",
    "DeploymentRun",
    "FollowPolicy",
    "Promotion",
    "PromotionKind",
    "PromotionState",
    "RunStep",
    "Stage",
    "StageRunState",
    "StepKind",
    "StepState",
]
