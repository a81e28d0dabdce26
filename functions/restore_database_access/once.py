"""What came of having an address let in, kept so that it is done once a day: by the action, for the next look.

<how> <when>    done, refused (by the writer or by a switch: nothing was written), or unknown (the writer gave no answer, or nobody was left to hear it)
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from restore_database_access.facts import Came
from restore_database_access.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def keep(aws: "Clients", settings: Settings, address: str, came: Came) -> None:
    """Keep what came of it. Raises AwsError."""
    aws.sightings.keep(_subject(settings, address), f"{came.how} {came.at.isoformat()}")


def kept(aws: "Clients", settings: Settings, addresses: Iterable[str]) -> dict[str, Came]:
    """Return what came of it last, for each address for which it was ever tried. Raises AwsError."""
    texts = {address: aws.sightings.kept(_subject(settings, address)) for address in addresses}
    return {address: _read(text) for address, text in texts.items() if text}


def _read(text: str) -> Came:
    how, _, at = text.rpartition(" ")
    when = datetime.fromisoformat(at)
    match how:
        case "done":
            return Came(at=when, how="done")
        case "refused":
            return Came(at=when, how="refused")
        case _:
            return Came(at=when, how="unknown")


def _subject(settings: Settings, address: str) -> str:
    return f"access/{settings.project}/{address}"
