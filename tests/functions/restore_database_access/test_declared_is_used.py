"""Every permission that is declared is used, and none is used that is not declared."""

from msgspec import structs

from remediation.aws.probing import PROBE
from remediation.core.spec import filled
from restore_database_access.runbook import RUNBOOK
from tests.functions.recorder import Recorder
from tests.functions.restore_database_access.nights import READER, SETTINGS, Night
from tests.support.toy import PLACE

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:dev-"


def test_the_declared_permissions_are_the_used_ones() -> None:
    night = Night(settings=structs.replace(SETTINGS, log_group="/aws/ec2/dev-starttech-backend"))
    night.agree()
    recorder = Recorder(night.aws)
    recorder.aws.now, recorder.aws.outside = night.aws.now, night.aws.outside
    recorder.aws.sightings = night.aws.sightings
    night.aws = recorder.aws
    night.run()
    assert night.open
    used = {action.replace("lambda:Invoke", "lambda:InvokeFunction") for action in recorder.actions}
    assert used == {allow.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes)}


def test_functions_and_secret_are_named_and_the_writer_only_where_it_may_be_asked() -> None:
    def reach(**settings: object) -> set[str]:
        own = structs.replace(SETTINGS, **settings)
        allowed = (each for allow in (*RUNBOOK.reads, *RUNBOOK.writes) for each in filled(allow, PLACE, own))
        return {each.on for each in allowed if each.on != "*"}

    looks = {f"{FUNCTION}{PROBE}:live", READER}
    assert reach() == {*looks, f"{FUNCTION}atlas-writer:allow"}
    assert reach(writer=False) == looks
    assert reach(writer=False, reader="") == {f"{FUNCTION}{PROBE}:live"}
