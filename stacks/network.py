"""Where in the VPC a function stands that speaks with a dependency itself, and which dependencies there are."""

from ipaddress import ip_network
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.atlas import AtlasProject
from remediation.core.dependencies import Dependencies
from remediation.reach.connecting import PRIVATE
from stacks.shape import ShapeError

Subnet: TypeAlias = Annotated[str, Meta(pattern=r"\Asubnet-[0-9a-f]{8,17}\Z", examples=["subnet-0123456789abcdef0"])]
SecurityGroup: TypeAlias = Annotated[str, Meta(pattern=r"\Asg-[0-9a-f]{8,17}\Z", examples=["sg-0123456789abcdef0"])]


class Network(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The application's private subnets and its own security group, so that what it may reach is what is seen."""

    subnets: Annotated[tuple[Subnet, ...], Meta(min_length=1)]
    security_groups: Annotated[tuple[SecurityGroup, ...], Meta(min_length=1)]
    networks: tuple[str, ...] = PRIVATE
    """CIDR blocks that the name of a dependency may lead to; what is connected to is in one of them."""


def sound(network: Network | None, dependencies: Dependencies, atlas: AtlasProject | None) -> Network | None:
    """Return the network, if it and what is in it make sense together. Raises ShapeError."""
    mongodb = dependencies.mongodb
    if network is None and (dependencies.redis is not None or mongodb is not None):
        raise ShapeError(
            "network", "dependencies are looked at from within the VPC; name its subnets and security groups"
        )
    if atlas is not None and atlas.writer and network is None:
        raise ShapeError(
            "network",
            "atlas.writer lets in the NAT gateways of the application's subnets; name those and its security groups",
        )
    _blocks("network.networks", network.networks if network is not None else ())
    if mongodb is not None:
        if bool(mongodb.secret) == bool(mongodb.parameter):
            raise ShapeError(
                "dependencies.mongodb",
                "expected either `secret` or `parameter`: one of them has the connection string, and only one",
            )
        _blocks("dependencies.mongodb.networks", mongodb.networks)
    return network


def _blocks(key: str, blocks: tuple[str, ...]) -> None:
    """Raise ShapeError unless all of them are CIDR blocks."""
    for number, block in enumerate(blocks):
        try:
            ip_network(block)
        except ValueError as error:
            raise ShapeError(f"{key}[{number}]", f"expected a CIDR block such as 10.0.0.0/16: {error}") from error
