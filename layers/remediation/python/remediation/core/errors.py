"""The errors that cross the core: each is one sentence that says what was wrong, where, and what to do."""


class AwsError(Exception):
    """A call to AWS failed. `code` is AWS's own error code, or the kind of connection failure."""

    def __init__(self, sentence: str, *, operation: str, code: str) -> None:
        super().__init__(sentence)
        self.operation = operation
        self.code = code


class LeftAloneError(Exception):
    """An action found, right before its call, that it need not or must not be made any more; it did nothing."""


class StepFailedError(Exception):
    """A durable step failed for good; the message is the sentence of the error that it died of."""
