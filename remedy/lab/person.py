"""Somebody at a terminal: an IAM user of the lab who assumes the operators' role and runs the real `remedy`."""

import subprocess
import sys
from functools import cached_property
from threading import Thread
from typing import Any, NamedTuple

import boto3

from remedy.lab.lab import ACCOUNT, REGION, ROOT, Lab

ROLE = f"arn:aws:iam::{ACCOUNT}:role/dev-remediation-operator"
LONGEST = 120


class Answered(NamedTuple):
    """What came of one command."""

    command: str
    status: int
    text: str


class Person:
    """One operator."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.name, self._lab = name, lab
        self.answers: list[Answered] = []

    def remedy(self, *words: str) -> Answered:
        """Run a command of `remedy` as this person, and return its answer."""
        command = [sys.executable, "-m", "remedy.cli", *words]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        answered = Answered(_typed(words), ended.returncode, ended.stdout.strip())
        self.answers.append(answered)
        return answered

    def begins(self, *words: str) -> str:
        """Run a command that lasts, beside everything else, and return it; its answer is there when it has ended."""
        Thread(target=self.remedy, args=words, daemon=True).start()
        return _typed(words)

    @cached_property
    def _environment(self) -> dict[str, str]:
        plain = {"NO_COLOR": "1", "COLUMNS": "160", "TERM": "dumb", "REMEDY_ENV": "dev"}
        return {**self._lab.console, **plain, **self._session}

    @cached_property
    def _session(self) -> dict[str, str]:
        """Become an operator under this name, as IAM demands it."""
        iam = self._lab.client("iam")
        iam.create_user(UserName=self.name)
        key = iam.create_access_key(UserName=self.name)["AccessKey"]
        user: Any = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
        sts = user.client("sts", endpoint_url=self._lab.emulator_url)
        session = sts.assume_role(RoleArn=ROLE, RoleSessionName=self.name)["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }


def _typed(words: tuple[str, ...]) -> str:
    return " ".join(["remedy", *map(_quoted, words)])


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
