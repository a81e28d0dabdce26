"""A real Terraform, killed with SIGKILL while it holds its lock: the lock is found, left alone while its holder may live, and
cleared when it is over; then Terraform works again. A live Terraform never loses its lock.
"""

import socket
import time
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple
from unittest.mock import patch

import pytest

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.facts import Held
from remediation.core.errors import AwsError, LeftAloneError
from remedy.lab.lab import Lab
from remedy.lab.processes import eventually
from remedy.lab.terraform import KEEPS_EVERY, Ended, Locks, Terraform, installed
from tests.e2e.watch import HOUR, MINUTE, furnish, watching

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not installed(), reason="there is no terraform on the PATH, and this is about a real one"),
]


class Stores(NamedTuple):
    """Where Terraform locks."""

    table: bool
    lockfile: bool


DYNAMODB, S3, BOTH = Stores(table=True, lockfile=False), Stores(table=False, lockfile=True), Stores(True, True)
FREE = Locks("", "")
in_every_mode = pytest.mark.parametrize("stores", [DYNAMODB, S3, BOTH], ids=["dynamodb", "s3", "both"])


@pytest.fixture(scope="module")
def emulators() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(emulators: Lab) -> Lab:
    """Empty it, because another test was here."""
    request = urllib.request.Request(f"{emulators.emulator_url}/_ministack/reset", method="POST")
    urllib.request.urlopen(request, timeout=30).close()
    furnish(emulators)
    return emulators


def blocked(ended: Ended) -> bool:
    return ended.status == 1 and "Error acquiring the state lock" in ended.text


@in_every_mode
def test_the_lock_of_a_killed_apply_waits_for_its_age_and_for_a_person(lab: Lab, stores: Stores) -> None:
    terraform = Terraform(lab, f"killed apply {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        stuck = terraform.kill(terraform.begin("apply"))
        assert blocked(terraform.run("plan", status=None))

        young = watch.tick()
        assert (young.status, terraform.locks) == ("nothing-to-do", stuck)
        assert "at least 60 min make it stale" in young.because
        unanswered = watch.tick(after=2 * HOUR)
        assert (unanswered.status, unanswered.gate, terraform.locks) == ("refused", "approval", stuck)
        rejected = watch.tick(says="reject", after=2 * HOUR)
        assert (rejected.status, terraform.locks) == ("refused", stuck)
        assert blocked(terraform.run("plan", status=None))

        approved = watch.tick(says="approve", after=25 * HOUR)
        assert (approved.status, terraform.locks) == ("healed", FREE), approved.because
        assert "plan before you apply" in approved.because
        assert "terraform_data.quick will be created" in terraform.run("plan").text
        terraform.run("apply", "-auto-approve")
        assert "No changes." in terraform.run("plan").text


@in_every_mode
def test_the_lock_of_a_killed_plan_of_ci_is_cleared_without_asking_once_its_build_has_ended(
    lab: Lab, stores: Stores
) -> None:
    terraform = Terraform(lab, f"killed plan {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        build = watch.by_ci()
        stuck = terraform.kill(terraform.begin("plan"))
        watch.tick()
        running = watch.tick(after=7 * HOUR)
        assert (running.status, terraform.locks) == ("nothing-to-do", stuck)
        assert f"build {build} is running" in running.because

        watch.stop(build)
        assert blocked(terraform.run("plan", status=None))
        ended = watch.tick(after=5 * MINUTE)
        assert (ended.status, terraform.locks) == ("healed", FREE), ended.because
        assert not watch.approvals.asked
        terraform.run("plan")


@in_every_mode
def test_a_live_apply_of_ci_keeps_its_lock_however_long_it_takes(lab: Lab, stores: Stores) -> None:
    terraform = Terraform(lab, f"live apply {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        watch.by_ci()
        apply = terraform.begin("apply")
        held = terraform.locks
        for _ in range(5):
            assert watch.tick(after=6 * HOUR).status == "nothing-to-do"
            assert terraform.locks == held
        terraform.let_go(apply)
        assert terraform.locks == FREE
        assert "terraform_data.slow[0]" in terraform.run("state", "list").text
    assert not watch.approvals.asked


@in_every_mode
def test_a_live_apply_of_which_nobody_knows_keeps_its_lock_unless_a_person_says_otherwise(
    lab: Lab, stores: Stores
) -> None:
    terraform = Terraform(lab, f"unknown apply {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        apply = terraform.begin("apply")
        held = terraform.locks
        outcomes = [watch.tick(after=6 * HOUR) for _ in range(4)]
        assert {outcome.status for outcome in outcomes} == {"nothing-to-do", "refused"}
        assert terraform.locks == held
        terraform.let_go(apply)
        assert "terraform_data.slow[0]" in terraform.run("state", "list").text


def test_an_apply_that_keeps_its_state_on_its_way_is_alive_whoever_knows_of_it(lab: Lab) -> None:
    terraform = Terraform(lab, "on its way", table=True, lockfile=True)
    with watching(lab, terraform) as watch:
        before = terraform.digest
        apply = terraform.begin("apply", gates="2")
        watch.tick()
        eventually("it waits at its gate", lambda: "cat gate" in apply.tail(), seconds=30, child=apply)
        time.sleep(KEEPS_EVERY + 1)
        terraform.open_gate()
        eventually("Terraform keeps its state", lambda: terraform.digest != before, seconds=30, child=apply)
        moved = watch.tick(after=7 * HOUR)
        assert "its state changed" in moved.because
        assert not watch.approvals.asked
        terraform.let_go(apply)


@in_every_mode
def test_a_lock_that_was_taken_while_a_person_thought_is_not_the_one_that_they_meant(lab: Lab, stores: Stores) -> None:
    terraform = Terraform(lab, f"swapped {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        first = terraform.begin("apply")
        watch.tick()
        second = []

        def swap() -> None:
            terraform.let_go(first)
            second.append(terraform.begin("apply", edition="second"))

        watch.approvals.meanwhile = swap
        outcome = watch.tick(says="approve", after=7 * HOUR)
        assert (outcome.status, outcome.acts) == ("nothing-to-do", ()), outcome.because
        held = terraform.locks
        assert held.held
        assert watch.approvals.asked[0].target not in outcome.because
        terraform.let_go(second[0])


@in_every_mode
def test_a_lock_that_was_taken_just_before_the_act_is_not_removed(lab: Lab, stores: Stores) -> None:
    terraform = Terraform(lab, f"swapped late {stores}", **stores._asdict())
    with watching(lab, terraform) as watch:
        first = terraform.begin("apply")
        seen = watch.look()
        judged = Held(
            id=max(terraform.locks),
            name=seen.name,
            lock_id=seen.lock_id,
            info=seen.item.raw if seen.item else "",
            etag=seen.object.etag if seen.object else "",
        )
        terraform.let_go(first)
        with pytest.raises(LeftAloneError):
            clear_lock(watch.aws, watch.settings, judged)
        second = terraform.begin("apply", edition="second")
        held = terraform.locks
        with pytest.raises(LeftAloneError):
            clear_lock(watch.aws, watch.settings, judged)
        assert terraform.locks == held
        terraform.let_go(second)


def test_what_was_interrupted_between_the_stores_blocks_terraform_until_the_next_run_finishes_it(lab: Lab) -> None:
    terraform = Terraform(lab, "interrupted", table=True, lockfile=True)
    with watching(lab, terraform) as watch:
        terraform.kill(terraform.begin("apply"))
        watch.tick()
        lost = AwsError("S3 did not answer.", operation="s3:DeleteObject", code="RequestTimeout")
        with patch.object(watch.aws.acting.s3, "delete_object", side_effect=lost):
            watch.tick(says="approve", after=2 * HOUR)
        assert terraform.locks.item == ""
        assert terraform.locks.object
        assert blocked(terraform.run("plan", status=None))

        watch.approvals.asked.clear()
        finished = watch.tick(after=HOUR)
        assert (finished.status, terraform.locks) == ("healed", FREE), finished.because
        assert not watch.approvals.asked, "it was approved before"
        terraform.run("plan")


def test_the_lock_of_one_workspace_is_cleared_and_that_of_another_stays(lab: Lab) -> None:
    default = Terraform(lab, "default", table=True, lockfile=True)
    blue = Terraform(lab, "blue", table=True, lockfile=True)
    blue.work_in("blue")
    with watching(lab, blue, default) as watch:
        apply = default.begin("apply")
        blue.kill(blue.begin("apply"))
        held = default.locks
        watch.approvals.about = blue.locks.item
        watch.tick()
        outcomes = [watch.tick(says="approve", after=2 * HOUR) for _ in range(2)]
        assert (default.locks, blue.locks) == (held, FREE), [outcome.because for outcome in outcomes]
        blue.run("apply", "-auto-approve")
        default.let_go(apply)
        assert all(len(set(terraform.digest)) == 1 for terraform in (default, blue))


def test_an_answer_of_the_lab_comes_in_one_piece_as_terraform_needs_it(lab: Lab) -> None:
    with socket.create_connection(("127.0.0.1", int(lab.emulator_url.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(b"GET /_ministack/health HTTP/1.1\r\nHost: lab\r\n\r\n")
        head, _, body = connection.recv(1_000_000).partition(b"\r\n\r\n")
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    assert len(body) == int(length.split()[1]) > 0
