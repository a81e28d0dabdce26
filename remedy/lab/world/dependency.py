"""Redis or MongoDB, as far as a health check can tell: a process that accepts connections on its port."""

import socketserver
import sys


class Silence(socketserver.BaseRequestHandler):
    """Accept, wait for the other side to leave."""

    def handle(self) -> None:
        """Read until the end."""
        while self.request.recv(1024):
            pass


class Server(socketserver.ThreadingTCPServer):
    """Let the same port be taken again at once."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Silence) as server:
        server.serve_forever()
