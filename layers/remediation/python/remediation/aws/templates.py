"""Launch templates: what a version launches, and whether that exists.

The rule of the domain: user data holds secrets (FACTS.md). It is read for one thing, the reference of the container image,
and nothing else of it leaves `_image`.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from remediation.aws.launches import Source
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import LaunchTemplateVersionTypeDef, ResponseLaunchTemplateDataTypeDef

    from remediation.adapters.clients import Clients

_IMAGE = re.compile(
    r"(?<![\w.-])(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]{1,20})\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]{0,200}):(?P<tag>\w[\w.-]{0,127})"
)
"""An image of ECR whose tag is written out; one with a variable of the shell in it says nothing here."""
LARGEST_USER_DATA = 16 * 1024


class Container(Struct, frozen=True, kw_only=True):
    """An image in ECR. Without `account` and `region` it is in our own registry."""

    repository: str
    tag: str
    account: str = ""
    region: str = ""


class Version(Struct, frozen=True, kw_only=True):
    """One version of a launch template, which its number is nothing without. `devices` and `placement` are digests: they tell one from another, and no more."""

    template: str
    number: int
    created_at: datetime
    image: str = ""
    type: str = ""
    groups: tuple[str, ...] = ()
    profile: str = ""
    """Name of the instance profile."""
    key: str = ""
    devices: str = ""
    placement: str = ""
    container: Container | None = None

    @property
    def source(self) -> Source:
        """Return it as a group, a member or a refresh names it."""
        return Source(template=self.template, version=str(self.number))


def version(aws: "Clients", template: str, wanted: str) -> Version | None:
    """Return a version (a number, `$Latest` or `$Default`); None where it, or the template, does not exist."""
    try:
        answer = aws.ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=[wanted])
    except AwsError as error:
        if "NotFound" not in error.code:  # InvalidLaunchTemplateId.NotFound, .VersionNotFound
            raise
        return None
    return next(map(_version, answer["LaunchTemplateVersions"]), None)


def _version(found: "LaunchTemplateVersionTypeDef") -> Version:
    data = found["LaunchTemplateData"]
    profile = data.get("IamInstanceProfile", {})
    return Version(
        template=found["LaunchTemplateId"],
        number=found["VersionNumber"],
        created_at=found["CreateTime"],
        image=data.get("ImageId", ""),
        type=data.get("InstanceType", ""),
        groups=_groups(data),
        profile=profile.get("Name", "") or profile.get("Arn", "").rpartition("/")[2],
        key=data.get("KeyName", ""),
        devices=_digest(data.get("BlockDeviceMappings", ())),
        placement=_digest(data.get("Placement", {})),
        container=_image(data.get("UserData", "")),
    )


def _groups(data: "ResponseLaunchTemplateDataTypeDef") -> tuple[str, ...]:
    """Return the security groups, of the template or of its network interfaces."""
    of_interfaces = (group for each in data.get("NetworkInterfaces", ()) for group in each.get("Groups", ()))
    return tuple(sorted({*data.get("SecurityGroupIds", ()), *of_interfaces}))


def _digest(value: "Iterable[Any] | Mapping[str, Any]") -> str:
    return sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16] if value else ""


def _image(user_data: str) -> Container | None:
    """Return the one image that user data names; None where it names none, or several."""
    try:
        text = b64decode(user_data).decode(errors="replace")[:LARGEST_USER_DATA]
    except (binascii.Error, ValueError):
        return None
    found = {Container(**image.groupdict()) for image in _IMAGE.finditer(text)}
    return found.pop() if len(found) == 1 else None


def image_state(aws: "Clients", image: str) -> str:
    """Return the state of a machine image (`available`), or nothing where it does not exist for this account."""
    answer = aws.ec2.describe_images(Filters=[{"Name": "image-id", "Values": [image]}], IncludeDeprecated=True)
    return next((found.get("State", "") for found in answer["Images"]), "")


def missing_groups(aws: "Clients", groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these security groups that do not exist."""
    if not groups:
        return ()
    answer = aws.ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": list(groups)}])
    there = {found["GroupId"] for found in answer["SecurityGroups"]}
    return tuple(group for group in groups if group not in there)


def zones_offering(aws: "Clients", type_: str) -> tuple[str, ...]:
    """Return the Availability Zones of the Region that offer an instance type."""
    answer = aws.ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [type_]}]
    )
    return tuple(sorted(found.get("Location", "") for found in answer["InstanceTypeOfferings"]))
