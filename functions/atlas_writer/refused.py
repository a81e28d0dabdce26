"""How the writer says no."""


class RefusedError(Exception):
    """The writer does not do it; the message is one sentence that says why. Nothing has happened."""
