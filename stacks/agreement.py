"""Whether a runbook's settings agree with `[atlas]`: whose secret it reads, of which project and cluster, and who writes for it.

The rule of the domain (HAZARDS D2): the function that diagnoses cannot read the secret that writes. IAM would let it, if its
settings named that one, so they are refused before anything is deployed. And who judges whether our addresses are let in judges by
the subnets from which the probe looks, and whose addresses the writer knows as ours.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from remediation.atlas.asking import WRITER
from remediation.core.atlas import AtlasProject, ProjectId
from remediation.core.spec import AnyRunbook, Mode, Place, filled
from stacks.network import Network
from stacks.shape import ShapeError

SHARED = ("project", "cluster", "prefix")
"""Settings of the runbooks about Atlas that say the same as the keys of `[atlas]` of these names."""
SUBNETS = "subnets"
"""The setting of a runbook about Atlas that says the same as that key of `[network]`."""


def agreed(atlas: AtlasProject | None, runbook: AnyRunbook, settings: Struct, mode: Mode, place: Place) -> None:
    """Raise ShapeError where a runbook and `[atlas]` do not agree. `mode` is the one that is in effect."""
    at = f"runbooks.{runbook.name}"
    if mode == "act" and _asks_the_writer(runbook, settings, place) and (atlas is None or not atlas.writer):
        raise ShapeError(
            f"{at}.mode",
            f'act asks the function {WRITER}, which there is only with `writer` in [atlas]; name that, or set "observe"',
        )
    if atlas is None:
        return
    unread(atlas, settings, f"{at}.settings")
    types = _types(settings)
    if types.get("project") != ProjectId:
        return
    for key in SHARED:
        if key in types and (here := getattr(settings, key)) != (there := getattr(atlas, key)):
            raise ShapeError(f"{at}.settings.{key}", f"expected {there!r}, which is atlas.{key}, got {here!r}")


def looked_from(network: Network | None, runbook: AnyRunbook, settings: Struct) -> None:
    """Raise ShapeError where a runbook about Atlas judges by other subnets than the probe looks from and the writer knows as ours.

    One that names fewer would call a list complete that lacks the address of the probe; one that names more would have people agree
    to an address that the writer refuses. Without `[network]` there is neither of the two.
    """
    types = _types(settings)
    if network is None or types.get("project") != ProjectId or SUBNETS not in types:
        return
    here: tuple[str, ...] = getattr(settings, SUBNETS)
    if set(here) != set(network.subnets):
        raise ShapeError(
            f"runbooks.{runbook.name}.settings.{SUBNETS}",
            f"expected {', '.join(network.subnets)}, which is network.subnets, got {', '.join(here)}; name the application's in both: "
            f"from those the probe looks, and {WRITER} lets in the NAT gateways of no others",
        )


def unread(atlas: AtlasProject | None, settings: Struct, at: str) -> None:
    """Raise ShapeError where settings name the writer's secret: whoever they are for could read it."""
    if atlas is None or not atlas.writer:
        return
    for key, text in _texts(msgspec.to_builtins(settings), at):
        if (
            text in {atlas.writer, atlas.writer[:-7]} or text[:-7] == atlas.writer
        ):  # with its six random characters or without
            raise ShapeError(
                key, f"this is atlas.writer, which the function {WRITER} alone may read; name another secret"
            )


def _asks_the_writer(runbook: AnyRunbook, settings: Struct, place: Place) -> bool:
    function = f":function:{place.environment}-{WRITER}:"
    return any(function in each.on for allow in runbook.writes for each in filled(allow, place, settings))


def _types(settings: Struct) -> dict[str, object]:
    return {field.name: field.type for field in msgspec.structs.fields(settings)}


def _texts(value: object, at: str) -> Iterator[tuple[str, str]]:
    """Yield every text, with its key in dotted form."""
    match value:
        case str():
            yield at, value
        case dict():
            for key, inner in value.items():
                yield from _texts(inner, f"{at}.{key}")
        case list() | tuple():
            for number, inner in enumerate(value):
                yield from _texts(inner, f"{at}[{number}]")
        case _:
            pass
