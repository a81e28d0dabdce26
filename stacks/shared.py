"""What the stack makes once and every runbook's function uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from stacks.config import Config
from stacks.names import Names


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One environment, as its constructs see it."""

    config: Config
    names: Names
    key: kms.IKey
    layers: list[lambda_.ILayerVersion]
    extras: Mapping[str, lambda_.ILayerVersion]
    """Layers of single packages, by name, for the functions that need them."""
    removal: RemovalPolicy
    """What becomes of data when the stack goes: kept, but in dev."""
