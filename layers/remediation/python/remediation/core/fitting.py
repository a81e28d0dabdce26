"""Make a message fit: with fewer and shorter lines where it is too large.

A sentence may be cut; a command is whole or left out, because half a command is a wrong one.
"""

from collections.abc import Iterator

import msgspec

from remediation.core.notice import Message
from remediation.core.outcome import Outcome
from remediation.core.wording import cut

SIZES = ((200, 2_000), (50, 1_000), (20, 500), (5, 200), (1, 100))
"""Lines of each list, and characters of each line."""
_SENTENCES = ("title", "note", "because", "would", "asks", "trigger")
_LISTS = ("evidence", "lines", "drift")


def shorter_and_shorter(message: Message) -> Iterator[Message]:
    """Yield the message as it is, then ever shorter ones."""
    yield message
    for lines, characters in SIZES:
        yield _shorter(message, lines, characters)


def _shorter(message: Message, lines: int, characters: int) -> Message:
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    short: dict[str, object] = {name: cut(fields[name], characters) for name in _SENTENCES if name in fields}
    for name in _LISTS:
        if name in fields:
            short[name] = _fewer([cut(line, characters) for line in fields[name]], lines)
    short["next_steps"] = _fewer([step for step in fields["next_steps"] if len(step) <= characters], lines)
    if isinstance(message, Outcome):
        acts = (msgspec.structs.replace(done, receipt=cut(done.receipt, characters)) for done in message.acts[:lines])
        short["acts"] = tuple(acts)
    return msgspec.structs.replace(message, **short)


def _fewer(lines: list[str], most: int) -> tuple[str, ...]:
    left_out = len(lines) - most
    return (*lines[:most], f"({left_out} more are left out.)") if left_out > 0 else tuple(lines)
