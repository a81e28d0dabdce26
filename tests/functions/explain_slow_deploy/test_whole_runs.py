"""From the schedule to what the team reads: the real engine, once per way in which a deploy may be."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from explain_slow_deploy.runbook import RUNBOOK
from explain_slow_deploy.settings import Settings
from remediation.core.engine import carry_out
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.ports import World
from remediation.core.spec import Mode
from remediation.core.wording import LONGEST_SMS
from tests.functions.explain_slow_deploy.cloud import ID, MINUTE, SETTINGS, WHO, Cloud, refusal
from tests.support.steps import CrashError, InMemorySteps
from tests.support.toy import scheduled_event
from tests.support.world import Stage, deployed


@dataclass
class Night:
    """One night with an apply."""

    cloud: Cloud = field(default_factory=Cloud)
    settings: Settings = SETTINGS
    mode: Mode = "act"
    stage: Stage = field(default_factory=Stage)
    runs: Any = field(default_factory=lambda: itertools.count(1))

    def run(self, event: Any = None, *, dies_at: str = "") -> Outcome:
        """Carry the runbook out once, on its schedule if nothing else is said."""
        run = f"run-{next(self.runs)}"
        steps = self.stage.steps = InMemorySteps(run=run, now=self.cloud.now)
        if dies_at:
            steps.crash_at(dies_at, "after")
        world = World(
            deployment=deployed(self.mode),
            settings=self.settings,
            aws=self.cloud,
            ledger=self.stage.ledger,
            notifier=self.stage.notifier,
            alarms=self.stage.alarms,
            incidents=self.stage.incidents,
            follow_up=self.stage.follow_up,
            approvals=self.stage.approvals,
            surroundings=self.stage.surroundings,
            clock=steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        told = scheduled_event(at=self.cloud.now) | {"id": run} if event is None else event
        while True:
            try:
                return carry_out(RUNBOOK, told, steps, world)
            except CrashError:
                steps.resume()

    def tick(self, times: int = 1) -> None:
        """Let the schedule come so many times, five minutes apart."""
        for _ in range(times):
            assert self.run().status == "nothing-to-do"
            self.cloud.now += 5 * MINUTE

    @property
    def notices(self) -> list[Notice]:
        return self.stage.notifier.notices


@pytest.fixture
def night() -> Night:
    return Night()


def test_while_nobody_deploys_nobody_hears_of_it(night: Night) -> None:
    night.tick(3)
    assert (night.notices, night.stage.notifier.published, night.stage.notifier.paged) == ([], [], [])


def test_a_deploy_of_twenty_minutes_is_told_once_and_wakes_nobody(night: Night) -> None:
    night.cloud.lock(since=night.cloud.now)
    night.cloud.instance("i-0aaa", "pending")
    night.tick(2)
    assert night.notices == [], "ten minutes are not over"
    night.tick(3)
    (notice,) = night.notices
    assert (notice.severity, notice.team, notice.run) == ("warning", "infrastructure", "run-3")
    assert notice.title == "The terraform apply of starttech in dev takes long"
    assert (night.stage.notifier.paged, night.stage.follow_up.started, night.stage.notifier.published) == ([], [], [])


def test_the_next_apply_is_another_one(night: Night) -> None:
    night.cloud.slow()
    night.tick(2)
    night.cloud.slow(ID="another")
    night.tick(2)
    assert [notice.run for notice in night.notices] == ["run-1", "run-3"]


def test_what_cannot_go_on_is_told_once_more_and_as_critical(night: Night) -> None:
    night.cloud.slow()
    night.tick()
    night.cloud.launch("Failed", "We currently do not have sufficient t3.small capacity.")
    night.tick(2)
    assert [notice.severity for notice in night.notices] == ["warning", "critical"]
    assert night.notices[1].title == "The terraform apply of starttech in dev cannot go on"
    assert night.stage.notifier.paged == []


def test_the_notice_reads_well() -> None:
    night = Night()
    night.cloud.slow(14)
    night.cloud.instance("i-0aaa")
    night.cloud.instance("i-0bbb")
    night.cloud.target("i-0aaa", "healthy")
    night.cloud.target("i-0bbb", "unhealthy", "Target.FailedHealthChecks")
    night.cloud.refresh("InProgress", PercentageComplete=50)
    night.cloud.answers["health:DescribeEvents"] = refusal("health:DescribeEvents", "SubscriptionRequiredException")
    night.tick()
    (notice,) = night.notices
    assert notice.text().splitlines() == [
        "The terraform apply of starttech in dev takes long",
        "",
        (
            f"{WHO} applies starttech for 14 min ({ID}); up to 10 min are usual. It most likely waits for this:"
            " 1 of 2 targets of dev-backend-tg-v2 are unhealthy (Target.FailedHealthChecks)."
        ),
        "",
        "1 of 2 targets of dev-backend-tg-v2 are unhealthy (Target.FailedHealthChecks).",
        "the instance refresh of dev-backend-asg is InProgress at 50 % since 03:32:00 UTC.",
        "Instances: 2 running.",
        "Targets of dev-backend-tg-v2: 1 healthy, 1 unhealthy.",
        "dev-alb-v2 is active.",
        "dev-redis is available.",
        "dev-sessions is available.",
        "AWS Health could not be asked: it is not available without a Business support plan.",
        "",
        "What to do next:",
        (
            "  aws elbv2 describe-target-health --target-group-arn"
            " arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
        ),
        "  aws autoscaling describe-instance-refreshes --auto-scaling-group-name dev-backend-asg --max-records 1",
        "  Read the log of the apply: the last `Still creating...` names the resource that it waits for.",
        "  remedy locks --env dev   # who holds the lock, and whether they live",
        "  remedy invoke explain-slow-deploy --target starttech --env dev   # how it stands by then",
        "  Let it run, and leave its lock alone: an apply that is broken off leaves things half made.",
        "",
        "Told at 2026-11-23 03:40:00 UTC.",
        "Incident: dev|explain-slow-deploy",
        "Timeline: remedy show run-1 --env dev",
    ]
    assert len(notice.short()) <= LONGEST_SMS


def test_by_hand_it_is_an_answer_with_the_evidence_and_tells_nobody(night: Night) -> None:
    night.cloud.slow()
    night.cloud.launch("Failed", "no capacity")
    outcome = night.run({"deploy": "starttech"})
    assert (outcome.status, outcome.plan, outcome.would) == ("nothing-to-do", True, "")
    assert "dev-backend-asg cannot launch an instance: no capacity." in outcome.because
    assert outcome.evidence[0] == "dev-backend-asg cannot launch an instance: no capacity."
    assert outcome.next_steps[0].startswith("aws autoscaling describe-scaling-activities")
    assert night.notices == []


def test_a_state_that_nobody_knows_is_refused(night: Night) -> None:
    assert night.run({"deploy": "nothing"}).status in {"rejected", "ignored"}
    assert night.cloud.calls.made == []


@pytest.mark.parametrize("mode", ["act", "observe"])
def test_it_says_the_same_in_every_mode_and_changes_nothing(night: Night, mode: Mode) -> None:
    night.mode = mode
    night.cloud.slow()
    night.tick()
    assert [notice.severity for notice in night.notices] == ["warning"]
    assert not [call for call in night.cloud.calls.made if call.acting]


@pytest.mark.parametrize("step", ["look 1", "close", "notice"])
def test_a_process_that_dies_tells_it_once(night: Night, step: str) -> None:
    night.cloud.slow()
    night.run(dies_at=step)
    night.cloud.now += 5 * MINUTE
    night.tick(2)
    assert {notice.run for notice in night.notices} == {"run-1"}


def test_without_the_lock_table_it_fails_and_says_so(night: Night) -> None:
    night.cloud.answers["dynamodb:GetItem"] = refusal("dynamodb:GetItem")
    outcome = night.run()
    assert (outcome.status, outcome.paged) == ("failed", True)


def test_secrets_in_what_aws_says_are_not_told(night: Night) -> None:
    night.cloud.slow(Who="https://ada:hunter2@laptop")
    night.cloud.launch("Failed", "user data: MONGODB_URI=mongodb://app:hunter2@db/starttech password=hunter2")
    night.settings = replace(SETTINGS, roles=())
    night.cloud.refused("AccessDenied", role="x")
    outcome = night.run({"deploy": "starttech"})
    assert "hunter2" not in outcome.text()
