"""Refuse what AWS refuses and moto accepts, and give the load balancer the ids that config/dev.toml names."""

from importlib import import_module
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.elbv2 import utils

from remedy.lab.environment import BALANCER_ID


def install() -> None:
    """Replace moto's functions."""
    _fixed_ids()
    _sizes_within_limits()


def _fixed_ids() -> None:
    elbv2: Any = import_module("moto.elbv2.models")
    target_group, balancer = utils.make_arn_for_target_group, utils.make_arn_for_load_balancer

    def target_group_arn(account_id: str, tg_id: str, name: str, region_name: str) -> str:  # noqa: ARG001
        return target_group(account_id, BALANCER_ID, name, region_name)

    def balancer_arn(account_id: str, lb_id: str, name: str, region_name: str) -> str:  # noqa: ARG001
        return balancer(account_id, BALANCER_ID, name, region_name)

    elbv2.make_arn_for_target_group = target_group_arn
    elbv2.make_arn_for_load_balancer = balancer_arn


def _sizes_within_limits() -> None:
    stock = FakeAutoScalingGroup.set_desired_capacity

    def set_desired_capacity(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
        wanted: Any = group.min_size if new_capacity is None else new_capacity
        if wanted > (group.max_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the AutoScalingGroup."
            )
        if wanted < (group.min_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the AutoScalingGroup."
            )
        stock(group, new_capacity)

    FakeAutoScalingGroup.set_desired_capacity = set_desired_capacity  # type: ignore[assignment, method-assign]
