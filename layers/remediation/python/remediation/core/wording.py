"""Fit words into what carries them: a subject, an SMS, a list, so many characters."""

from collections.abc import Iterable, Iterator

LONGEST_SUBJECT = 99
"""Characters. SNS wants less than 100 of them, without line breaks and control characters."""
LONGEST_SMS = 160
"""Characters of the GSM alphabet in one part; a longer text is paid, and may arrive, in pieces."""
MORE = " (...)"


def one_line(text: str, longest: int) -> str:
    """Return a text as one line of at most so many printable ASCII characters."""
    line = " ".join(text.split())
    return cut("".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in line), longest)


def sms(what: str, because: str, command: str) -> str:
    """Return one SMS. The command is whole in it, and the reason takes what room is left."""
    room = LONGEST_SMS - len(what) - len(command) - 2
    reason = one_line(because, room) if room > len(MORE) else ""
    return one_line(" ".join(filter(None, (what, reason, command))), LONGEST_SMS)


def listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a text below a heading, after an empty line; nothing where there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            yield from ("", heading)
        yield f"  {line}"


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters: whole sentences if they are most of it, else the words that fit."""
    if len(text) <= longest:
        return text
    head = text[: max(0, longest - len(MORE))]
    sentence = max(head.rfind(end) for end in (". ", "! ", "? ", "\n")) + 1
    word = len(head) if text[len(head)].isspace() else head.rfind(" ")
    end = next((end for end in (sentence, word) if end > len(head) // 2), len(head))
    return head[:end].rstrip() + MORE
