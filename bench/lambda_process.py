"""Run awslambdaric as Lambda does, with AWS's host names leading to the bench: lambda_process.py HANDLER.

The only difference to Lambda is where a name resolves to. BENCH_COUNT, if set, is a file to which every invocation adds
how many modules are loaded.
"""

import importlib
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

_RESOLVE = socket.getaddrinfo


def _to_the_bench(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    if isinstance(host, str) and host.endswith(".amazonaws.com"):
        host, port = "127.0.0.1", int(os.environ["BENCH_AWS_PORT"])
    return _RESOLVE(host, port, *args, **kwargs)


def counting(handler: str) -> Callable[[Any, Any], Any]:
    """Wrap a handler in one that writes the counts down after each invocation."""
    module, _, function = handler.rpartition(".")
    wrapped = getattr(importlib.import_module(module.replace("/", ".")), function)

    def handle(event: Any, context: Any) -> Any:  # noqa: ANN401
        answer = wrapped(event, context)
        with open(os.environ["BENCH_COUNT"], "a", encoding="utf-8") as file:  # noqa: PTH123 - loads nothing more
            file.write(json.dumps({"modules": len(sys.modules)}) + "\n")
        return answer

    return handle


if __name__ == "__main__":
    socket.getaddrinfo = _to_the_bench
    handler = sys.argv[1]
    if "BENCH_COUNT" in os.environ:
        sys.modules["lambda_process"] = sys.modules["__main__"]
        counted = counting(handler)
        handler = "lambda_process.counted"
    sys.path.pop(0)  # this file's own folder
    from awslambdaric.__main__ import main  # type: ignore[import-untyped]

    main(["awslambdaric", handler])
