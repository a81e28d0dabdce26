"""A member of the cluster at Atlas: it speaks MongoDB's protocol under TLS, and knows the application's user.

python -m remedy.lab.world.member <port> <certificate> <key>    # serves until killed
"""

import sys
import threading
from pathlib import Path

from remedy.lab.emulator.rerouted import MEMBER, MEMBER_PORT
from remedy.lab.world.machine import SECRET
from tests.e2e.mongo_servers import Member, under_tls

USER, SET = "starttech", "atlas-7k2m9p-shard-0"
AT = f"{MEMBER}:{MEMBER_PORT}"


def main() -> None:
    """Serve until killed."""
    port, pem, key = sys.argv[1:]
    hello = {"setName": SET, "hosts": [AT], "primary": AT, "me": AT}
    context = under_tls(Path(pem), Path(key))
    Member(port=int(port), hello=hello, users={USER: SECRET}, context=context)
    threading.Event().wait()


if __name__ == "__main__":
    main()
