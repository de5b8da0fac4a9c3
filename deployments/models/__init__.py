"""Rows of deployments."""

from deployments.models.approval_change import Approval, ApprovalChange

__all__ = ["Approval", "ApprovalChange"]
