"""Looking and clearing on the two stores: by exact names, exactly what was judged, and never anybody else's lock."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.decide import decide
from clear_stale_lock.diagnose import diagnose
from clear_stale_lock.facts import Held, LockFacts
from clear_stale_lock.settings import Incident, scope
from remediation.aws.terraform import read
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.verdict import Act, Nothing
from tests.conftest import ROOT
from tests.functions.clear_stale_lock.locks import HOUR, ID, SETTINGS, STATE, info
from tests.functions.clear_stale_lock.stores import MD5, Stores, stores
from tests.support.toy import PLACE

NOW = datetime.now(UTC).replace(microsecond=0)
"""S3 says itself when an object was written, so these tests live in the present."""


@pytest.fixture
def night() -> Iterator[Stores]:
    with stores(NOW) as made:
        yield made


def look(night: Stores, name: str = "") -> LockFacts:
    (found,) = diagnose(night.aws, night.settings, Incident(lock=name)).locks
    return found


def held(night: Stores) -> Held:
    """Return what would be removed, as it is now."""
    found = look(night)
    return Held(
        id=ID,
        name=found.name,
        lock_id=found.lock_id,
        info=found.item.raw if found.item else "",
        etag=found.object.etag if found.object else "",
    )


# ------------------------------------------------------------------------------------------------------------- looking


def test_no_lock_is_no_lock_and_the_digest_is_none(night: Stores) -> None:
    found = look(night)
    assert (found.item, found.object, found.first, found.signs) == (None, None, None, ())
    assert MD5 in found.mark


@pytest.mark.parametrize(("item", "file"), [(True, True), (True, False), (False, True)])
def test_a_lock_is_found_in_either_store_and_both(night: Stores, item: bool, file: bool) -> None:
    night.lock(item=item, file=file)
    found = look(night)
    assert (found.item is not None, found.object is not None) == (item, file)
    for half in found.halves:
        assert half.info is not None
        assert (half.info.id, half.info.operation) == (ID, "OperationTypePlan")


def test_the_first_sighting_stays_and_another_lock_begins_anew(night: Stores) -> None:
    night.lock()
    first = look(night).first
    night.now += HOUR
    assert look(night).first == first
    night.lock(info(ID="another"))
    again = look(night).first
    assert again is not None
    assert again.at == NOW + HOUR


def test_a_state_that_is_written_changes_the_mark(night: Stores) -> None:
    night.lock()
    before = look(night)
    night.s3.put_object(Bucket=STATE.bucket, Key=STATE.key, Body=b'{"serial": 2}')
    after = look(night)
    assert before.mark != after.mark
    assert after.first is not None
    assert after.first.mark == before.mark


def test_a_state_and_digest_that_do_not_match_are_told(night: Stores) -> None:
    assert "Terraform expects" in look(night).mismatch


def test_an_incident_names_a_state_or_a_locks_id(night: Stores) -> None:
    night.lock()
    assert look(night, "starttech").name == "starttech"
    assert look(night, ID).name == "starttech"
    assert diagnose(night.aws, night.settings, Incident(lock="nobody")).locks == ()


def test_a_store_that_cannot_be_read_is_an_error_and_no_lock_that_is_free(night: Stores) -> None:
    night.dynamodb.delete_table(TableName=STATE.table)
    with pytest.raises(AwsError):
        look(night)


def test_without_states_every_request_is_refused() -> None:
    assert scope(Incident(), SETTINGS, PLACE) is None
    assert "no Terraform state is configured" in str(scope(Incident(), type(SETTINGS)(), PLACE))


# ------------------------------------------------------------------------------------------------------------ clearing


def test_both_halves_are_removed_and_a_copy_is_kept_and_the_digest_and_state_stay(night: Stores) -> None:
    night.lock()
    receipt = clear_lock(night.aws, night.settings, held(night))
    assert night.held == (False, False)
    assert night.items == {STATE.digest_id: MD5}
    assert night.objects == {STATE.key}
    assert "Removed the item" in receipt
    assert "and the object" in receipt
    kept = json.loads(night.aws.sightings.kept(f"lock/{STATE.lock_id}"))
    assert kept["info"] == info()


@pytest.mark.parametrize("half", ["item", "file"])
def test_another_lock_in_its_place_is_left_alone(night: Stores, half: str) -> None:
    night.lock()
    old = held(night)
    night.lock(info(ID="another"), item=half == "item", file=half == "file")
    if half == "item":
        with pytest.raises(LeftAloneError, match="superseded"):
            clear_lock(night.aws, night.settings, old)
        assert night.held == (True, True)
    else:
        assert "superseded" in clear_lock(night.aws, night.settings, old)
        assert night.held == (False, True), "the item was ours; the object is somebody else's"


def test_a_lock_that_its_holder_released_meanwhile_is_left_alone(night: Stores) -> None:
    night.lock()
    old = held(night)
    night.unlock()
    with pytest.raises(LeftAloneError, match="superseded"):
        clear_lock(night.aws, night.settings, old)


@pytest.mark.parametrize("name", [STATE.digest_id, "starttech/terraform.tfstate", "other-bucket/other.tfstate", ""])
def test_only_a_configured_lock_is_removed(night: Stores, name: str) -> None:
    night.lock()
    wrong = Held(id=ID, name="starttech", lock_id=name, info=info(), etag='"e"')
    with pytest.raises(LeftAloneError, match="is no lock that is configured"):
        clear_lock(night.aws, night.settings, wrong)
    assert night.held == (True, True)


def test_a_digest_is_not_removed_even_where_somebody_has_configured_it_as_a_state(night: Stores) -> None:
    night.settings = replace(night.settings, states=(replace(STATE, key=f"{STATE.key}-md5"),))
    night.put_item({"LockID": {"S": STATE.digest_id}, "Info": {"S": info()}, "Digest": {"S": MD5}})
    with pytest.raises(LeftAloneError, match="is no lock that is configured"):
        clear_lock(night.aws, night.settings, Held(id=ID, name="starttech", lock_id=STATE.digest_id, info=info()))
    assert STATE.digest_id in night.items


@pytest.mark.parametrize("answer", [{}, {"Attributes": {"Info": {"S": info(ID="another")}}}])
def test_an_answer_that_does_not_show_what_was_removed_is_no_success_and_stops_it(night: Stores, answer: Any) -> None:
    night.lock()
    silent = SimpleNamespace(delete_item=lambda **_: answer)
    acting = SimpleNamespace(dynamodb=silent, s3=night.aws.acting.s3)
    aws: Any = SimpleNamespace(acting=acting, sightings=night.aws.sightings)
    with pytest.raises(LeftAloneError, match="removed nothing"):
        clear_lock(aws, night.settings, held(night))
    assert night.held == (True, True)


def test_an_interrupted_run_is_finished_by_the_next_one_and_only_the_same_lock(night: Stores) -> None:
    night.lock(info(Operation="OperationTypeApply"))
    both = held(night)
    night.aws.sightings.keep(
        f"lock/{STATE.lock_id}",
        json.dumps({"id": ID, "name": "starttech", "lock_id": STATE.lock_id, "info": both.info, "etag": both.etag}),
    )
    night.dynamodb.delete_item(TableName=STATE.table, Key={"LockID": {"S": STATE.lock_id}})  # and then it died
    facts = diagnose(night.aws, night.settings, Incident())
    verdict = decide(facts, night.settings, (), NOW)
    assert isinstance(verdict, Act)
    assert verdict.approval is None
    clear_lock(night.aws, night.settings, verdict.target)
    assert night.held == (False, False)


def test_a_lock_taken_after_the_half_was_cleared_is_not_finished_off(night: Stores) -> None:
    night.lock()
    clear_lock(night.aws, night.settings, held(night))
    night.lock(info(ID="another"), item=False)
    verdict = decide(diagnose(night.aws, night.settings, Incident()), night.settings, (), NOW)
    assert isinstance(verdict, Nothing)


# ------------------------------------------------------------------------------------------------- everybody else's locks


class Meanwhile:
    """Clients that let something happen right before the nth call of the action that changes something."""

    def __init__(self, night: Stores, nth: int, happens: Any) -> None:
        self._night, self._left, self._happens = night, nth, happens
        self.place, self.sightings, self.settings = PLACE, night.aws.sightings, night.settings
        self.acting = self
        self.dynamodb, self.s3 = _Client(self, "dynamodb"), _Client(self, "s3")

    def called(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happens()

    def real(self, service: str) -> Any:
        return getattr(self._night.aws.acting, service)


class _Client:
    def __init__(self, clients: Meanwhile, service: str) -> None:
        self._clients, self._service = clients, service

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            self._clients.called()
            return getattr(self._clients.real(self._service), name)(**asked)

        return call


@pytest.mark.parametrize(
    ("before", "what", "item", "file"),
    [*product((0, 1, 2, 3), ("released", "taken", "released and taken"), (True, False), (True, False))],
)
def test_whoever_holds_it_by_then_keeps_it(night: Stores, before: int, what: str, item: bool, file: bool) -> None:
    if not (item or file):
        return
    night.lock(item=item, file=file)
    old = held(night)
    new = info(ID="another")

    def happens() -> None:
        if "released" in what:
            night.unlock()
        if "taken" in what:
            night.lock(new, item=item, file=file)

    if before == 0:
        happens()
    clients: Any = Meanwhile(night, before, happens)
    with suppress(LeftAloneError):
        clear_lock(clients, night.settings, old)
    if "taken" in what and before in {0, 1}:
        assert night.held == (item, file), "the new holder's lock is whole"
        assert night.items.get(STATE.lock_id, new) == new
    if "taken" in what and before == 2 and item and file:
        assert night.held[1], "the object by then is the new holder's"


# ------------------------------------------------------------------------------------------------------------- samples


WRITTEN = {
    "Terraform 0.12, seconds": ("0.12.31", "OperationTypeApply", "2021-06-01T08:00:00Z", 0),
    "Terraform 0.14, six digits": ("0.14.11", "OperationTypePlan", "2021-06-01T08:00:00.123456Z", 123456),
    "Terraform 1.3, nine digits": ("1.3.2", "OperationTypePlan", "2022-10-18T08:00:00.123456789Z", 123456),
    "Terraform 1.5, with its offset": ("1.5.7", "OperationTypeRefresh", "2023-08-01T10:00:00.5+02:00", 500000),
    "Terraform 1.14, seven digits": ("1.14.0", "init", "2026-11-23T08:00:00.1234567Z", 123456),
    "OpenTofu 1.10": ("1.10.5", "OperationTypeApply", "2026-11-23T08:00:00Z", 0),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("workspace", ["", "env:/staging/"])
def test_a_lock_of_any_version_and_workspace_is_understood(name: str, workspace: str) -> None:
    version, operation, created, microseconds = WRITTEN[name]
    state = replace(STATE, key=f"{workspace}starttech/terraform.tfstate")
    found = read(info(Version=version, Operation=operation, Created=created, Path=state.lock_id))
    assert found is not None
    assert (found.id, found.operation, found.version, found.path) == (ID, operation, version, state.lock_id)
    assert found.created is not None
    assert (found.created.hour, found.created.microsecond) == (8, microseconds)


def test_the_lock_of_a_workspace_is_found_beside_the_default_ones_and_no_other_is_cleared(night: Stores) -> None:
    night.lock()
    staging = replace(STATE, name="staging", key=f"env:/staging/{STATE.key}")
    night.settings = replace(night.settings, states=(STATE, staging))
    raw = info(ID="of staging", Path=staging.lock_id)
    night.put_item({"LockID": {"S": staging.lock_id}, "Info": {"S": raw}})
    (found,) = diagnose(night.aws, night.settings, Incident(lock="staging")).locks
    assert (found.name, found.object, [half.raw for half in found.halves]) == ("staging", None, [raw])
    clear_lock(night.aws, night.settings, Held(id="of staging", name="staging", lock_id=staging.lock_id, info=raw))
    assert staging.lock_id not in night.items
    assert night.held == (True, True)


SAMPLES = ROOT.parent / "shared" / "locks"
"""Locks of real Terraform and OpenTofu, where they are."""


def samples() -> list[Path]:
    return sorted(path for path in SAMPLES.glob("*.json") if path.name != "index.json") if SAMPLES.is_dir() else []


def test_real_locks_are_understood() -> None:
    """Every sample that has an `Info`, wherever it stands, reads as a lock with an ID."""
    for path in samples():
        for raw in _infos(json.loads(path.read_text())):
            found = read(raw)
            assert found is not None, path.name
            assert found.id, path.name
            assert found.created is not None, path.name


def _infos(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("ID"), str):
            yield json.dumps(value)
        for key, found in value.items():
            if key == "Info" and isinstance(found, dict) and isinstance(found.get("S"), str):
                yield found["S"]
            else:
                yield from _infos(found)
    elif isinstance(value, list):
        for each in value:
            yield from _infos(each)
