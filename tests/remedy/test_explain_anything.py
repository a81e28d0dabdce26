"""Any file whatever gets an answer of the exact shape, and exit status 0."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from remedy.cli import app
from remedy.environment import Environment, environment
from remedy.explain import explain, explain_file
from remedy.reading import LARGEST_FILE, UnreadableError, parse_json
from tests.support.toy import alarm_event, asg_event, scheduled_event, sns_event, sns_records

DEV = environment("dev")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def answered(path: Path) -> dict[str, Any]:
    """Run the command on a file, check the shape of the answer, and return it."""
    result = CliRunner().invoke(app, ["explain", "--json", "--", str(path)])
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(result.stdout)
    assert list(answer) == ["status", "runbook", "because"]
    assert answer["status"] in {"routed", "ignored", "rejected"}
    assert (answer["runbook"] in DEV.runbooks) if answer["status"] == "routed" else answer["runbook"] is None
    assert answer["because"].strip()
    assert len(answer["because"]) <= 2_100
    return answer


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"\xff\xfe\x00")
@example(b'{"a": NaN}')
@example(b'{"a": 1e999}')
@example(b'{"target_group": "\\ud800"}')
@example(b'{"a": 1, "a": 2}')
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_get_an_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    answered(path)


EVENTS = [alarm_event(), asg_event(), scheduled_event(), sns_event(), sns_records("Hello")]
EVENTS += [json.loads(path.read_text()) for path in sorted(Path(__file__).parents[2].glob("events/*/*.json"))]


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to everything in an event."""
    match value:
        case dict():
            inside = list(value.items())
        case list():
            inside = list(enumerate(value))
        case _:
            inside = []
    return [way, *(place for key, inner in inside for place in places(inner, (*way, key)))]


def put(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """Return an event with something else at one place."""
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = put(value[way[0]], way[1:], new)
    return copy


@given(st.data())
def test_an_event_with_anything_anywhere_in_it_gets_an_answer(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(EVENTS))
    event = put(event, data.draw(st.sampled_from(places(event))), data.draw(JSON))
    answer = explain(event, DEV)
    assert (answer.runbook is not None) == (answer.status == "routed")
    assert answer.because


# ------------------------------------------------------------------------------------------------------ odd files


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "The file is empty."),
        (b" \n\t", "The file is empty."),
        (b"\x00\x01\xff", "The file is not text in UTF-8, so it is not JSON."),
        ("{}".encode("utf-16"), "The file is not text in UTF-8, so it is not JSON."),
        (b"{", "The file is not JSON: Expecting property name enclosed in double quotes, line 1, column 2."),
        (b'{"a": NaN}', "The file is not JSON: there is no NaN in JSON."),
        (b'{"a": -Infinity}', "The file is not JSON: there is no -Infinity in JSON."),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', 'The file is ambiguous: "c" is there twice in one object.'),
        (b"[" * 100_000, "The file is nested too deeply to be an event."),
        (b'{"a":' * 100_000, "The file is nested too deeply to be an event."),
        (b"1" * 5_000, "The file is not JSON that can be read: Exceeds the limit"),
        (b" " * (LARGEST_FILE + 1), "The file is larger than 4 MB, which no event is."),
        (b'"' + b"a" * 300_000 + b'"', "The event is a JSON string; expected an object."),
        (b'{"a": "' + b"a" * 300_000 + b'"}', "The event is larger than 262144 bytes."),
        (b"null", "The event is a JSON null; expected an object."),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:40],
)
def test_what_is_not_an_event_is_rejected_with_the_reason(tmp_path: Path, content: bytes, because: str) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)
    answer = answered(path)
    assert answer["status"] == "rejected"
    assert answer["because"].startswith(because)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(b'\xef\xbb\xbf{"target_group": "dev-backend-tg-v2"}')
    assert answered(path)["status"] == "routed"


def test_a_file_that_is_not_there_is_rejected(tmp_path: Path) -> None:
    assert answered(tmp_path / "nothing.json")["because"] == "The file cannot be read: No such file or directory."


def test_a_name_that_no_file_can_have_is_rejected() -> None:
    assert explain_file(Path("a\0b"), DEV, None).status == "rejected"
    assert answered(Path("a" * 10_000))["status"] == "rejected"


def test_a_directory_is_rejected(tmp_path: Path) -> None:
    assert answered(tmp_path)["because"] == "The file cannot be read: Is a directory."


def test_a_file_that_may_not_be_read_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("remedy.reading.os.open", refuse)  # root may read everything, so the mode would not do
    assert answered(tmp_path / "secret.json")["because"] == "The file cannot be read: Permission denied."


def test_a_file_without_an_end_is_rejected() -> None:
    assert answered(Path("/dev/zero"))["because"].startswith("The file is larger than")


def test_a_named_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert answered(pipe)["because"] == "The file is empty."


@given(st.dictionaries(st.text(), st.integers(), max_size=5))
def test_what_is_json_is_read_as_python_reads_it(value: dict[str, int]) -> None:
    assert parse_json(json.dumps(value).encode()) == value


def test_a_key_that_is_there_twice_among_very_many_is_found_at_once() -> None:
    keys = ",".join(f'"k{number}":1' for number in [*range(100_000), 99_999])
    with pytest.raises(UnreadableError, match='"k99999" is there twice'):
        parse_json(f"{{{keys}}}".encode())


def test_the_environment_is_the_one_that_the_samples_are_of() -> None:
    assert isinstance(DEV, Environment)
    assert DEV.place.account == "123456789012"
