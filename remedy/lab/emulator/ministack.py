"""Reach ministack's modules. They carry no types, so they come as `Any`, here and nowhere else."""

from importlib import import_module
from typing import Any


def service(name: str) -> Any:  # noqa: ANN401
    """Return a module of ministack's services, for example `lambda_svc`."""
    return import_module(f"ministack.services.{name}")


def core(name: str) -> Any:  # noqa: ANN401
    """Return a module of ministack's core, for example `responses`."""
    return import_module(f"ministack.core.{name}")
