"""Deployments: approved versions of a model package group, carried through stages and run on a schedule."""
