"""What a run is told where the writer does not do what it is asked: no writer, a busy one, a no, and no answer."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from remediation.atlas.asking import Create
from remediation.atlas.done import done
from remediation.core.errors import AwsError
from remediation.core.steps import Interrupted, NotActed, failed
from tests.support.toy import PLACE

ASKED = Create(cluster="dev-2", like="dev")
REFUSED = "arn:aws:lambda:us-east-1:123456789012:function:dev-atlas-writer:live"


def aws(answer: dict[str, Any] | AwsError) -> Any:
    def invoke(**_: Any) -> Any:
        if isinstance(answer, AwsError):
            raise answer
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}

    return SimpleNamespace(place=PLACE, patient=SimpleNamespace(lambda_=SimpleNamespace(invoke=invoke)))


def fails(code: str) -> AwsError:
    return AwsError(f"Lambda:Invoke failed with {code}: {REFUSED}.", operation="Lambda:Invoke", code=code)


def test_what_was_done_is_told_in_the_writers_words() -> None:
    assert done(aws({"done": True, "because": "Atlas makes it."}), ASKED, "Atlas:CreateCluster") == "Atlas makes it."


def test_a_no_is_told_in_the_writers_words() -> None:
    with pytest.raises(AwsError, match="It exists already") as caught:
        done(aws({"done": False, "because": "It exists already."}), ASKED, "Atlas:CreateCluster")
    assert (caught.value.operation, caught.value.code) == ("Atlas:CreateCluster", "Refused")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "ResourceNotFoundException",
            "there is no function dev-atlas-writer. Name `writer` below [atlas] in config/dev.toml",
        ),
        (
            "TooManyRequestsException",
            "dev-atlas-writer was busy with another request, and does one at a time. Ask again",
        ),
    ],
)
def test_a_writer_that_is_not_there_or_busy_is_said_in_plain_words_and_nothing_has_happened(
    code: str, says: str
) -> None:
    with pytest.raises(AwsError) as caught:
        done(aws(fails(code)), ASKED, "Atlas:CreateCluster")
    assert str(caught.value).startswith(f"Nothing was changed at Atlas: {says}")
    assert REFUSED not in str(caught.value)
    assert isinstance(failed(caught.value), NotActed)


def test_where_no_answer_came_nobody_says_that_nothing_has_happened() -> None:
    with pytest.raises(AwsError, match="Lambda:Invoke failed with ReadTimeout") as caught:
        done(aws(fails("ReadTimeout")), ASKED, "Atlas:CreateCluster")
    assert isinstance(failed(caught.value), Interrupted)
