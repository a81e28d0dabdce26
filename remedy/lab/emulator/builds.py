"""Let a build of CodeBuild last until somebody stops it.

Stock ministack, which has no Docker here to carry it out, ends every build in the whole second in which it begins.
"""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

from remedy.lab.emulator.ministack import core, service

Response = tuple[int, dict[str, str], bytes]
Call = Callable[[dict[str, Any]], Response]


def install() -> None:
    """Replace how a build begins and ends."""
    codebuild = service("codebuild")
    codebuild._start_build = _then(codebuild._start_build, _begun)
    codebuild._stop_build = _then(codebuild._stop_build, _ended)


def _then(stock: Call, change: Callable[[dict[str, Any]], None]) -> Call:
    """Change the build that a call was about, and answer with it."""

    def call(data: dict[str, Any]) -> Response:
        status, headers, body = stock(data)
        if status != 200:
            return status, headers, body
        build = service("codebuild")._builds[json.loads(body)["build"]["id"]]
        change(build)
        answer: Response = core("responses").json_response({"build": copy.deepcopy(build)})
        return answer

    return call


def _begun(build: dict[str, Any]) -> None:
    build.pop("endTime", None)
    build.update(startTime=time.time(), buildStatus="IN_PROGRESS", buildComplete=False, currentPhase="BUILD")


def _ended(build: dict[str, Any]) -> None:
    build.update(endTime=time.time(), buildComplete=True)
