"""Fake clients of the services that judge and change StartTech's backend: what is handed in as `aws`."""

from tests.functions.fakes.autoscaling import AutoScaling
from tests.functions.fakes.ec2 import Ec2
from tests.functions.fakes.elbv2 import Elbv2
from tests.functions.fakes.ssm import Script, Sent, Ssm
from tests.functions.fakes.strict import Calls
from tests.functions.fakes.world import StartTech


class FakeActing:
    """The clients that change something."""

    def __init__(self, ssm: Ssm, autoscaling: AutoScaling) -> None:
        self.ssm, self.autoscaling = ssm, autoscaling


class FakeClients:
    """What an action and a diagnosis are handed as `aws`."""

    def __init__(self, world: StartTech, scripts: dict[str, Script]) -> None:
        self.place, self.calls = world.place, Calls()
        self._looking = {world.place.name(document.name) for document in world.documents if not document.mutates}
        sent: Sent = {}
        self.elbv2, self.ec2 = Elbv2(world, self.calls), Ec2(world, self.calls)
        self.autoscaling = AutoScaling(world, self.calls)
        self.ssm = Ssm(world, self.calls, scripts, sent)
        self.acting = FakeActing(
            Ssm(world, self.calls, scripts, sent, acting=True), AutoScaling(world, self.calls, acting=True)
        )

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """Return what was changed, and on what: documents that only look do not count."""
        return [
            (call.operation, call.parameters.get("InstanceId") or call.parameters["InstanceIds"][0])
            for call in self.calls.made
            if call.acting and call.parameters.get("DocumentName") not in self._looking
        ]
