"""The writer does four things and no other, and checks each for itself, whatever whoever asks has checked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from atlas_writer.letting_in import LONGEST
from atlas_writer.writer import Writer
from remediation.atlas import reads
from remediation.atlas.asking import DOORS, Allow, Answered, Asked, Create, Refill, Save, door
from remediation.atlas.facts import Access
from remediation.atlas.transport import NoReplyError, Reply, Request
from remediation.core.errors import AwsError
from remediation.core.spec import Mode
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_service import CREATES, RESTORES

NAT = "198.51.100.7"
OURS = frozenset({NAT, "198.51.100.8"})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COMMENT = "dev-remediation run 0123456789"


class Night:
    """A writer and its world, in which time can pass."""

    def __init__(self, mode: Mode = "act") -> None:
        self.now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
        self.world = AtlasWorld(lambda: self.now)
        self.looked = 0
        self.writer = Writer(
            mode=mode,
            cluster="prod",
            prefix="prod-",
            atlas=self.world.connect,
            egress=self._egress,
            clock=lambda: self.now,
        )

    def _egress(self) -> frozenset[str]:
        self.looked += 1
        return OURS

    def ask(self, asked: Asked) -> Answered:
        """Ask it as a runbook does."""
        return self.writer.answer(msgspec.to_builtins(asked), door(asked))

    def refused(self, asked: Any, through: str = "allow") -> str:
        """Return why the writer does not do it, and see that nothing was written; what is no request is asked `through` an alias."""
        written = len(self.world.written)
        answered = (
            self.ask(asked) if isinstance(asked, Allow | Save | Create | Refill) else self.writer.answer(asked, through)
        )
        assert not answered.done
        assert len(self.world.written) == written
        return answered.because

    @property
    def lines(self) -> tuple[Access, ...]:
        return reads.access(self.world.connect())


@pytest.fixture
def night() -> Night:
    return Night()


def allow(night: Night, address: str = NAT, **more: Any) -> Allow:
    return Allow(**{"address": address, "comment": COMMENT, "until": night.now + LONGEST, **more})


# ----------------------------------------------------------------------------------------------------- what it is asked


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_nothing_is_changed_where_the_mode_is_not_act(mode: Mode) -> None:
    night = Night(mode)
    assert f"mode is {mode}" in night.refused(allow(night))
    assert night.world.requests == []


@pytest.mark.parametrize("event", [{}, {"ask": "delete", "cluster": "prod"}, {"ask": "allow"}, [], "allow", None])
def test_what_it_does_not_do_is_refused_in_a_sentence_without_a_request(night: Night, event: Any) -> None:
    assert "asked for what it does not do" in night.refused(event)
    assert night.world.requests == []


# ---------------------------------------------------------------------------------------------------- by whom, and of what


EACH: dict[str, Asked] = {
    "allow": Allow(address=NAT, comment=COMMENT, until=datetime(2026, 11, 24, 5, 0, tzinfo=UTC)),
    "save": Save(cluster="prod", description="run 1", days=7),
    "create": Create(cluster="prod-2", like="prod"),
    "refill": Refill(snapshot="5f1b2c3d4e5f60718293a4b5", cluster="prod", target="prod-2"),
}


@pytest.mark.parametrize("what", EACH)
@pytest.mark.parametrize("through", [*DOORS, "live", "7", ""])
def test_what_does_not_belong_to_the_alias_that_was_invoked_is_not_done(night: Night, what: str, through: str) -> None:
    night.world.cluster("prod")
    asked = EACH[what]
    because = night.writer.answer(msgspec.to_builtins(asked), through).because
    if through == door(asked):
        assert "alias" not in because
        return
    assert because == f"What belongs to the alias {door(asked)} was asked through {through or 'none'}: it is not done."
    assert night.world.requests == []
    assert night.looked == 0


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            Save(cluster="dev", description="run 1", days=7),
            "dev is not the cluster of this environment, which is prod.",
        ),
        (Create(cluster="prod-2", like="dev"), "dev is not the cluster of this environment, which is prod."),
        (Create(cluster="dev-2", like="prod"), "What is made here is called prod-..., not dev-2."),
        (Refill(snapshot="a", cluster="dev", target="prod-2"), "dev is not the cluster of this environment"),
        (Refill(snapshot="a", cluster="prod", target="dev-2"), "What is made here is called prod-..., not dev-2."),
        (Refill(snapshot="a", cluster="prod", target="prod"), "prod is never restored in place"),
    ],
)
def test_what_is_another_environments_is_neither_read_nor_written(night: Night, asked: Asked, why: str) -> None:
    made: dict[str, Any] = {"tags": [{"key": reads.MADE_FOR, "value": "prod"}], "createDate": "2026-11-24T02:00:00Z"}
    for name in ("prod", "dev"):
        night.world.cluster(name)
    night.world.cluster("dev-2", **made)
    assert why in night.refused(asked)
    assert night.world.requests == []


# ------------------------------------------------------------------------------------------------------------- allow


def test_one_address_of_ours_is_let_in_for_four_hours(night: Night) -> None:
    answered = night.ask(allow(night))
    assert (answered.done, answered.because) == (True, f"Atlas lets {NAT}/32 in until 2026-11-24T07:00:00Z.")
    assert night.lines == (Access(cidr=f"{NAT}/32", comment=COMMENT, until=night.now + LONGEST),)
    night.now += LONGEST
    assert not night.lines


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0/0",
        f"{NAT}/32",
        f"{NAT}/31",
        "::/0",
        "2001:db8::1",
        "nat.example.com",
        "",
        "0xc6336407",
        "198.51.100.007",
    ],
)
def test_what_is_not_one_ipv4_address_is_refused(night: Night, address: str) -> None:
    assert "is not one IPv4 address" in night.refused(allow(night, address))


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "172.16.3.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0"]
)
def test_a_private_address_is_refused_even_if_ec2_should_say_it_is_ours(night: Night, address: str) -> None:
    night.writer = replace(night.writer, egress=lambda: frozenset({address}))
    assert "is no public address" in night.refused(allow(night, address))


def test_an_address_that_is_nobodys_nat_gateway_is_refused_with_those_that_are(night: Night) -> None:
    because = night.refused(allow(night, "203.0.113.9"))
    assert because == "203.0.113.9 is not an address of our NAT gateways; those are: 198.51.100.7, 198.51.100.8."
    assert night.world.requests == []


@pytest.mark.parametrize("ahead", [LONGEST + timedelta(seconds=1), timedelta(seconds=59), timedelta(0), -HOUR, 8 * DAY])
def test_a_line_that_ends_later_than_in_four_hours_or_has_ended_is_refused(night: Night, ahead: timedelta) -> None:
    because = night.refused(allow(night, until=night.now + ahead))
    assert because == (
        "The line has to end by itself, in a minute at the earliest and at 2026-11-24 07:00:00 UTC at the latest."
    )


def test_an_end_without_a_time_zone_is_refused(night: Night) -> None:
    assert "has to end by itself" in night.refused(allow(night, until=datetime(2026, 11, 24, 4, 0)))  # noqa: DTZ001


@pytest.mark.parametrize("comment", ["", "x" * 81, "two\nlines"])
def test_a_line_without_a_sound_comment_is_refused(night: Night, comment: str) -> None:
    assert "A comment of 1 to 80" in night.refused(allow(night, comment=comment))


@pytest.mark.parametrize("line", ["0.0.0.0/0", "198.51.100.0/24", f"{NAT}/32"])
def test_a_line_for_good_is_not_shortened_by_one_that_ends(night: Night, line: str) -> None:
    night.world.allow(line)
    answered = night.ask(allow(night))
    assert (answered.done, answered.because) == (True, f"Atlas lets {NAT} in already, by its line {line}.")
    assert night.world.written == []


def test_a_line_that_ends_sooner_is_lengthened_and_the_same_request_twice_is_one_line(night: Night) -> None:
    night.world.allow(f"{NAT}/32", COMMENT, night.now + HOUR)
    assert night.ask(allow(night)).done
    assert night.ask(allow(night)).done
    assert [line.until for line in night.lines] == [night.now + LONGEST]
    assert len(night.world.written) == 1


def test_where_atlas_keeps_the_line_that_was_there_its_true_end_is_told(night: Night) -> None:
    night.world.keeps_lines = True
    night.world.allow(f"{NAT}/32", "somebody's", night.now + HOUR)
    answered = night.ask(allow(night))
    assert answered.done
    assert answered.because == (
        f"Atlas lets {NAT}/32 in until 2026-11-24T04:00:00Z, by a line that was there before; 2026-11-24T07:00:00Z was asked for."
    )
    assert [line.until for line in night.lines] == [night.now + HOUR]


def after(night: Night, method: str, happens: Callable[[], None]) -> None:
    """Let something happen as soon as Atlas has answered a request of a method."""
    project = night.world.connect()
    send = project._transport

    def sent(request: Request) -> Reply:
        reply = send(request)
        if (request.method, reply.status) == (method, 200):
            happens()
        return reply

    project._transport = sent
    night.writer = replace(night.writer, atlas=lambda: project)


def test_a_line_for_good_that_somebody_adds_meanwhile_is_told(night: Night) -> None:
    night.world.keeps_lines = True
    after(night, "GET", lambda: night.world.allow(f"{NAT}/32"))
    assert night.ask(allow(night)).because == f"Atlas lets {NAT}/32 in for good, by a line that was there before."


@pytest.mark.parametrize("lines", [99, 100, 121, 500, 621])
def test_a_line_is_found_however_long_the_list_is(night: Night, lines: int) -> None:
    for number in range(lines):
        night.world.allow(f"192.0.{2 + number // 256}.{number % 256}/32")
    assert night.ask(allow(night)).because == f"Atlas lets {NAT}/32 in until 2026-11-24T07:00:00Z."
    assert len(night.lines) == lines + 1
    (written,) = night.world.written
    assert written.query == {"itemsPerPage": "500"}


def test_a_line_that_the_answer_lacks_is_looked_for_in_the_list(night: Night) -> None:
    night.world.forgets_lines = True
    assert night.ask(allow(night)).because == f"Atlas lets {NAT}/32 in until 2026-11-24T07:00:00Z."
    assert [each.operation.id for each in night.world.asked][-2:] == ["createAccessListEntry", "listAccessListEntries"]
    assert len(night.world.written) == 1


def test_where_the_list_does_not_have_the_line_either_nobody_knows(night: Night) -> None:
    night.world.loses_lines = True
    with pytest.raises(AwsError, match=f"no line for {NAT}; whether it is let in is not known") as error:
        night.ask(allow(night))
    assert error.value.code == "NotUnderstood"
    assert len(night.world.written) == 1


def test_where_the_list_cannot_be_read_again_nobody_knows_and_it_is_not_said_that_nothing_was_changed(
    night: Night,
) -> None:
    night.world.forgets_lines = True
    after(night, "POST", lambda: night.world.refuses.update(listAccessListEntries=(403, "FORBIDDEN")))
    with pytest.raises(AwsError, match="the list cannot be read: Atlas:ListAccessListEntries failed") as error:
        night.ask(allow(night))
    assert (error.value.operation, error.value.code) == ("Atlas:CreateAccessListEntry", "NotUnderstood")
    assert "Nothing was changed" not in str(error.value)


@pytest.mark.parametrize("strange", ["example.com/24", "198.51.100.7/99", "198.51.100.0/24/1"])
def test_a_line_that_nobody_understands_covers_nothing_and_stops_nothing(night: Night, strange: str) -> None:
    night.world.allow(strange)
    assert night.ask(allow(night)).because == f"Atlas lets {NAT}/32 in until 2026-11-24T07:00:00Z."
    assert [line.cidr for line in night.lines] == [strange, f"{NAT}/32"]


# -------------------------------------------------------------------------------------------------------------- save


def save(**more: Any) -> Save:
    return Save(**{"cluster": "prod", "description": "by hand, run 1", "days": 7, **more})


def test_a_snapshot_is_taken_and_the_same_request_again_finds_it(night: Night) -> None:
    night.world.cluster("prod")
    first = night.ask(save())
    again = night.ask(save())
    assert first.done
    assert first.because == f"Atlas takes the snapshot {first.id} of prod."
    assert (again.done, again.id) == (True, first.id)
    assert len(night.world.written) == 1
    kept = night.world.snapshots["prod"][0]
    assert (kept["description"], kept["expiresAt"]) == ("by hand, run 1", "2026-12-01T03:00:00Z")


def test_a_second_snapshot_waits_for_the_first_and_is_taken_when_that_is_completed(night: Night) -> None:
    night.world.cluster("prod")
    assert night.ask(save()).done
    assert "still being taken; Atlas takes one at a time" in night.refused(save(description="another"))
    night.now += HOUR
    assert night.ask(save(description="another")).done


def test_the_same_description_an_hour_later_is_another_request(night: Night) -> None:
    night.world.cluster("prod")
    first = night.ask(save())
    night.now += HOUR
    assert night.ask(save()).id == first.id
    night.now += timedelta(seconds=1)
    second = night.ask(save())
    assert second.done
    assert second.id != first.id


def test_a_snapshot_that_failed_is_taken_again(night: Night) -> None:
    night.world.cluster("prod")
    night.world.snapshot("prod", HOUR, on_demand=True, description="by hand, run 1", status="failed")
    assert night.ask(save()).done
    assert len(night.world.written) == 1


@pytest.mark.parametrize(
    ("tier", "more", "asked", "why"),
    [
        ("M0", {}, {}, "prod is M0: Atlas takes and restores snapshots on demand from M10 on."),
        ("M10", {"backupEnabled": False}, {}, "Backups of prod are switched off at Atlas."),
        ("M10", {"paused": True}, {}, "prod is paused"),
        ("M10", {}, {"days": 0}, "1 to 90 days, not for 0"),
        ("M10", {}, {"days": 91}, "1 to 90 days, not for 91"),
        ("M10", {}, {"description": "a\tb"}, "A description of 1 to 200"),
    ],
)
def test_a_snapshot_that_cannot_or_may_not_be_is_refused(
    night: Night, tier: str, more: dict[str, Any], asked: dict[str, Any], why: str
) -> None:
    night.world.cluster("prod", tier=tier, **more)
    assert why in night.refused(save(**asked))


def test_a_cluster_that_there_is_not_is_not_saved(night: Night) -> None:
    assert night.refused(save()) == "There is no cluster prod."


def test_a_flex_cluster_is_not_saved_by_hand(night: Night) -> None:
    night.world.flex_cluster("prod")
    assert "prod is FLEX" in night.refused(save())


# ------------------------------------------------------------------------------------------------ create and refill


def test_a_new_cluster_is_shaped_as_the_old_one_and_the_same_request_again_finds_it(night: Night) -> None:
    night.world.cluster("prod", tier="M30", mongoDBMajorVersion="7.0")
    answered = night.ask(Create(cluster="prod-2", like="prod"))
    assert (answered.done, answered.because) == (True, "Atlas makes prod-2: M30, as prod is.")
    made, old = night.world.clusters["prod-2"], night.world.clusters["prod"]
    specs = [each["replicationSpecs"][0]["regionConfigs"] for each in (made, old)]
    assert specs[0] == specs[1]
    assert (made["mongoDBMajorVersion"], made["terminationProtectionEnabled"]) == ("7.0", True)
    assert night.ask(Create(cluster="prod-2", like="prod")).because == "prod-2 was made for this already."
    assert len(night.world.written) == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("prod-1", "There is a cluster prod-1 already"),
        ("prod-small", "There is a cluster prod-small already"),
        ("prod", "prod is never restored in place"),
        ("prod-/../users", "cannot be the name of a cluster"),
    ],
)
def test_a_cluster_that_is_not_new_is_refused(night: Night, name: str, why: str) -> None:
    for there in ("prod", "prod-1"):
        night.world.cluster(there)
    night.world.flex_cluster("prod-small")
    assert why in night.refused(Create(cluster=name, like="prod"))


@pytest.mark.parametrize(
    ("tier", "why"), [("", "There is no cluster prod."), ("M0", "prod is M0"), ("FLEX", "prod is FLEX")]
)
def test_what_is_no_dedicated_cluster_is_no_pattern(night: Night, tier: str, why: str) -> None:
    if tier == "FLEX":
        night.world.flex_cluster("prod")
    elif tier:
        night.world.cluster("prod", tier=tier)
    assert why in night.refused(Create(cluster="prod-2", like="prod"))


def refilling(night: Night) -> Refill:
    """Make what a restore needs, and return the request for it."""
    night.world.cluster("prod")
    snapshot = night.world.snapshot("prod", DAY)["id"]
    assert night.ask(Create(cluster="prod-2", like="prod")).done
    return Refill(snapshot=snapshot, cluster="prod", target="prod-2")


def test_a_snapshot_is_restored_to_the_new_cluster_once(night: Night) -> None:
    asked = refilling(night)
    assert "prod-2 is CREATING" in night.refused(asked)
    night.now += CREATES
    first, again = night.ask(asked), night.ask(asked)
    assert first.done
    assert (again.done, again.id) == (True, first.id)
    assert [each.operation.id for each in night.world.written] == ["createCluster", "createBackupRestoreJob"]
    assert night.world.written[-1].cluster == "prod"
    assert night.world.written[-1].body["targetClusterName"] == "prod-2"
    night.now += RESTORES
    assert "already" in night.ask(asked).because, "what has been filled is filled"


def test_another_snapshot_is_not_restored_over_the_first(night: Night) -> None:
    asked = refilling(night)
    other = night.world.snapshot("prod", 2 * DAY)["id"]
    night.now += CREATES
    assert night.ask(asked).done
    assert "already" in night.refused(msgspec.structs.replace(asked, snapshot=other))


def test_a_job_to_a_deleted_cluster_of_the_same_name_does_not_keep_the_new_one_from_being_filled(night: Night) -> None:
    asked = refilling(night)
    night.now += CREATES
    old = night.ask(asked)
    night.now += RESTORES + HOUR
    assert night.ask(asked).id == old.id, "the cluster that was filled is"
    night.world.delete("prod-2")
    assert night.ask(Create(cluster="prod-2", like="prod")).done
    night.now += CREATES
    new = night.ask(asked)
    assert (new.done, new.because) == (
        True,
        f"Atlas restores the snapshot {asked.snapshot} to prod-2 with the job {new.id}.",
    )
    assert night.ask(asked).id == new.id != old.id


def test_a_restore_that_finished_is_not_repeated_when_it_expires(night: Night) -> None:
    asked = refilling(night)
    night.now += CREATES
    first = night.ask(asked)
    night.now += RESTORES
    night.world.tend()
    night.world.restores["prod"][0]["expired"] = True
    assert night.ask(asked).id == first.id


@pytest.mark.parametrize("how", ["failed", "cancelled", "expired"])
def test_a_restore_that_failed_may_be_begun_again(night: Night, how: str) -> None:
    asked = refilling(night)
    night.now += CREATES
    first = night.ask(asked)
    night.world.restores["prod"][0][how] = True
    second = night.ask(asked)
    assert second.done
    assert second.id != first.id


def test_a_cluster_is_never_restored_in_place_however_it_is_tagged(night: Night) -> None:
    tags = [{"key": reads.MADE_FOR, "value": "prod"}]
    night.world.cluster("prod", tags=tags, createDate="2026-11-24T02:00:00Z")
    kept = night.world.snapshot("prod", DAY)["id"]
    because = night.refused(Refill(snapshot=kept, cluster="prod", target="prod"))
    assert because == "prod is never restored in place: what it holds now would be gone."


@pytest.mark.parametrize(
    ("tag", "made"),
    [
        (None, "2026-11-24T02:00:00Z"),
        ("dev", "2026-11-24T02:00:00Z"),
        ("prod", "2026-11-23T02:59:59Z"),
        ("prod", None),
    ],
)
def test_a_cluster_that_was_not_made_for_it_or_existed_before_is_not_filled(
    night: Night, tag: str | None, made: str | None
) -> None:
    night.world.cluster("prod")
    kept = night.world.snapshot("prod", DAY)["id"]
    tags = [{"key": reads.MADE_FOR, "value": tag}] if tag else []
    night.world.cluster("prod-2", tags=tags, createDate=made)
    because = night.refused(Refill(snapshot=kept, cluster="prod", target="prod-2"))
    assert because.startswith("prod-2 was not made here for prod within the last 24 hours")
    night.world.clusters["prod-2"] |= {
        "tags": [{"key": reads.MADE_FOR, "value": "prod"}],
        "createDate": "2026-11-23T03:00:00Z",
    }
    assert night.ask(Refill(snapshot=kept, cluster="prod", target="prod-2")).done


def test_only_a_completed_snapshot_of_that_cluster_is_restored(night: Night) -> None:
    asked = refilling(night)
    night.now += CREATES
    night.world.cluster("dev")
    for kept in (
        night.world.snapshot("dev", DAY),
        night.world.snapshot("prod", timedelta(0)),
        night.world.snapshot("prod", DAY, status="failed"),
    ):
        because = night.refused(msgspec.structs.replace(asked, snapshot=kept["id"]))
        assert because == f"prod has no completed snapshot {kept['id']}."


def test_there_has_to_be_a_cluster_to_restore_from_and_one_to_restore_to(night: Night) -> None:
    asked = refilling(night)
    assert "no cluster prod-3 to restore to" in night.refused(msgspec.structs.replace(asked, target="prod-3"))
    del night.world.clusters["prod"]
    assert "There is no cluster prod." in night.refused(asked)


# ------------------------------------------------------------------------------------------------- what Atlas answers


def test_what_atlas_refuses_is_told_in_its_words_and_nothing_was_changed(night: Night) -> None:
    night.world.cluster("prod")
    night.world.refuses["takeSnapshots"] = (403, "USER_NOT_ALLOWED")
    answered = night.ask(save())
    assert not answered.done
    assert answered.because.startswith("Atlas:TakeSnapshot failed with USER_NOT_ALLOWED: As the test says")
    assert answered.because.endswith("Nothing was changed.")


def test_a_read_that_fails_changes_nothing_and_is_told(night: Night) -> None:
    night.world.refuses["listAccessListEntries"] = (500, "UNEXPECTED_ERROR")
    assert "Atlas:ListAccessListEntries failed with InternalServerError" in night.refused(allow(night))


@pytest.mark.parametrize("how", ["broken", "cut off", "not understood"])
def test_where_nobody_knows_whether_it_was_written_the_function_fails_and_asking_again_finds_out(
    night: Night, how: str
) -> None:
    night.world.cluster("prod")
    world = night.world

    def lossy(request: Request) -> Reply:
        reply = world.send(request)
        if request.method == "GET" or reply.status == 401:
            return reply
        match how:
            case "broken":
                return Reply(status=502, body=b"<html>Bad Gateway</html>")
            case "cut off":
                raise NoReplyError("the connection broke", "ConnectionClosed")
            case _:
                return Reply(status=200, body=b"{}")

    losing = world.connect()
    losing._transport = lossy
    writer = replace(night.writer, atlas=lambda: losing)
    with pytest.raises(AwsError, match="Atlas:TakeSnapshot"):
        writer.answer(msgspec.to_builtins(save()), "save")
    assert len(world.written) == 1, "a write is sent once"
    assert night.ask(save()).because.endswith("was taken for this already.")
    assert len(world.written) == 1
