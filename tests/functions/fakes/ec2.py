"""A fake of EC2: instances, one security group, one launch template."""

from typing import Any

from tests.functions.fakes.strict import Calls, Fake
from tests.functions.fakes.world import StartTech


class Ec2(Fake):
    """EC2."""

    service = "ec2"

    def __init__(self, world: StartTech, calls: Calls) -> None:
        super().__init__(calls)
        self._world = world

    def describe_instances(self, **asked: Any) -> Any:
        """Answer for those instances of a filter by id that exist."""
        self._asked("DescribeInstances", asked)
        (by_id,) = asked["Filters"]
        assert by_id["Name"] == "instance-id"
        assert by_id["Values"], "an empty filter answers everything"
        self._world.catch_up()
        instances = [
            {
                "InstanceId": machine.id,
                "State": {"Name": "running"},
                "LaunchTime": machine.launched_at,
                "SecurityGroups": [{"GroupId": "sg-0000000000000ec20", "GroupName": "dev-ec2-sg"}],
            }
            for machine in self._world.machines.values()
            if machine.id in by_id["Values"]
        ]
        reservations = [{"ReservationId": "r-1", "Instances": instances}] if instances else []
        return self._answered("DescribeInstances", {"Reservations": reservations})

    def describe_security_groups(self, **asked: Any) -> Any:
        """Answer for the instances' security group."""
        self._asked("DescribeSecurityGroups", asked)
        if asked["GroupIds"] != ["sg-0000000000000ec20"]:
            self._refuse("DescribeSecurityGroups", "InvalidGroup.NotFound", "The security group does not exist")
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        backend = {
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8080,
            "UserIdGroupPairs": [{"GroupId": "sg-0000000000000a1b0", "UserId": self._world.place.account}],
        }
        group = {"GroupId": "sg-0000000000000ec20", "IpPermissions": [ssh, *([backend] * self._world.port_open)]}
        return self._answered("DescribeSecurityGroups", {"SecurityGroups": [group]})

    def describe_launch_template_versions(self, **asked: Any) -> Any:
        """Answer for versions of the one launch template."""
        self._asked("DescribeLaunchTemplateVersions", asked)
        if asked["LaunchTemplateId"] != "lt-00000000000000001":
            self._refuse("DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.NotFound", "It does not exist")
        if gone := [version for version in asked["Versions"] if version in self._world.deleted_versions]:
            self._refuse(
                "DescribeLaunchTemplateVersions",
                "InvalidLaunchTemplateId.VersionNotFound",
                f"Could not find launch template version {gone[0]}",
            )
        made = self._world.template_created_at
        versions = [
            {"LaunchTemplateId": asked["LaunchTemplateId"], "VersionNumber": int(version), "CreateTime": made}
            for version in asked["Versions"]
            if made is not None
        ]
        return self._answered("DescribeLaunchTemplateVersions", {"LaunchTemplateVersions": versions})
