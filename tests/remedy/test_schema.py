"""The schemas in docs are those of what is published, and a version is a promise."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from remedy import schema
from tests.core.test_fitting import NOTICE, OUTCOME
from tests.core.test_notice import DOCTOR, WANTED
from tests.core.test_outcome import HEALED

OUTCOME_1 = schema.FOLDER / "outcome-1.json"


def test_the_files_are_up_to_date() -> None:
    assert schema.main(["--check"]) == 0
    assert {path.name for path in schema.pages()} <= {path.name for path in schema.FOLDER.glob("*.json")}


def test_what_is_out_of_date_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    monkeypatch.setattr(schema, "FOLDER", tmp_path / "docs" / "schema")
    assert schema.main(["--check"]) == 1
    assert "docs/schema/outcome-1.json is out of date" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0


@pytest.mark.parametrize("message", [HEALED, OUTCOME, WANTED, DOCTOR, NOTICE])
def test_a_published_message_has_the_fields_and_the_words_of_its_schema(message: Struct) -> None:
    described = schema.schema(type(message))
    sent: dict[str, Any] = msgspec.to_builtins(message)
    assert sent.keys() == described["properties"].keys()
    assert set(described["required"]) <= sent.keys()
    for name, field in described["properties"].items():
        if "enum" in field:
            assert sent[name] in field["enum"]
        if field.get("type") == "string":
            assert isinstance(msgspec.json.decode(msgspec.json.encode(sent[name])), str)
        if field.get("type") == "array":
            assert isinstance(sent[name], list | tuple)


def test_instants_say_that_they_are_instants() -> None:
    described = schema.schema(type(HEALED))
    assert described["properties"]["started_at"] == {"type": "string", "format": "date-time"}
    assert described["$defs"]["Done"]["properties"]["at"]["format"] == "date-time"


def changed(**fields: Any) -> dict[str, Any]:
    """Return the schema of an outcome with other fields; None is without it."""
    other = copy.deepcopy(schema.schema(type(HEALED)))
    for name, field in fields.items():
        other["properties"].pop(name, None)
        if field is not None:
            other["properties"][name] = field
    return other


NOW = schema.schema(type(HEALED))


def test_a_field_may_be_added() -> None:
    assert list(schema.incompatible(NOW, changed(weather={"type": "string", "default": ""}))) == []


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (changed(because=None), "Outcome.because is gone"),
        (changed(because={"type": "array"}), "Outcome.because has another type"),
        (changed() | {"required": []}, "Outcome.run may be missing"),
        (changed() | {"$defs": {}}, "Done is gone"),
    ],
)
def test_what_would_break_a_reader_needs_a_new_version(other: dict[str, Any], why: str) -> None:
    assert why in list(schema.incompatible(NOW, other))


def test_a_file_is_not_overwritten_by_what_would_break_its_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    monkeypatch.setattr(schema, "FOLDER", tmp_path)
    promised = json.dumps(changed(weather={"type": "string"}))
    (tmp_path / OUTCOME_1.name).write_text(promised)
    assert schema.main([]) == 1
    assert "Outcome.weather is gone: that is a new version" in capsys.readouterr().err
    assert (tmp_path / OUTCOME_1.name).read_text() == promised
