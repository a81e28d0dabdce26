"""One look at MongoDB: layer by layer up to the first that fails, in less than five seconds whatever the servers do."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from probe_dependencies.mongo_elsewhere import elsewhere
from probe_dependencies.mongo_logins import as_before
from probe_dependencies.mongo_member import Reached, Way, reach
from probe_dependencies.mongo_verdict import judge, primary, state
from probe_dependencies.tried import Tried
from remediation.adapters.logins import LastLogin
from remediation.core.connection_string import DEFAULT_PORT, ConnectionString, Login
from remediation.core.errors import AwsError
from remediation.core.probed import Fault, MongoState, Probed
from remediation.reach.connecting import NEVER
from remediation.reach.deadline import Deadline, within
from remediation.reach.mongo_link import MongoLink
from remediation.reach.mongo_login import MECHANISMS, log_in, spoken
from remediation.reach.mongo_records import Lookup, Records, records
from remediation.reach.unreachable import UnreachableError

WITHIN = 4.7
"""Seconds that a look takes at most."""
RECORDS_WITHIN, MEMBERS_WITHIN, TURN_WITHIN, LOGIN_WITHIN = 1.0, 2.4, 0.4, 1.2
"""Seconds that each part of it takes at most: the members are looked at at the same time, the turn is asked of the ledger."""
LOGIN_LEAST, KEEP_LEAST = 0.8, 0.2
"""Seconds that are left for login and ping, and for keeping what came of them, whatever the parts before took."""
MOST_MEMBERS = 50
"""A replica set has no more (MongoDB Limits and Thresholds)."""


class KeepsLogins(Protocol):
    """What knows when a login was tried last (adapters/logins.py)."""

    def claim(self, dependency: str, last: LastLogin, now: datetime, /) -> bool:
        """Take the attempt."""

    def keep(self, dependency: str, now: datetime, fault: Fault | None, because: str, version: str, /) -> None:
        """Keep what came of it."""


@dataclass(kw_only=True)
class MongoLook:
    """One look, and what it has found so far. `last` is the last login, as it was known when the look began.

    `version` is the string's, as AWS calls it; without `fresh` it may have been rotated since it was read, and is not logged in with.
    """

    string: ConnectionString
    version: str = ""
    fresh: bool = True
    logins: KeepsLogins
    last: LastLogin
    networks: tuple[str, ...]
    database: str = ""
    roots: str | None = None
    never: tuple[str, ...] = NEVER
    lookup: Lookup = records
    clock: Callable[[], float] = time.monotonic
    until: Deadline | None = None
    members: tuple[Reached, ...] = field(default=(), init=False)
    came: tuple[Fault | None, str] | None = field(default=None, init=False)
    """What came of a login, if this look tried one."""

    def probed(self, now: datetime) -> Probed:
        """Return what is found. Whatever is wrong with the servers is in the answer, and nothing raises."""
        self.tried, self.now, shape = Tried(self.clock), now, self.string.shape
        self.end = self.until or Deadline(WITHIN, self.clock)
        self.state = MongoState(shape=shape, logged_in_at=self.last.at)
        try:
            with suppress(UnreachableError):
                self._layers()
        finally:
            for each in self.members:
                if each.link is not None:
                    each.link.close()
            self._keep()
        host, port = self.string.hosts[0] if self.string.hosts else ("", DEFAULT_PORT)
        steps = tuple(self.tried.steps)
        return Probed(dependency="mongodb", host=host, port=port, at=now, steps=steps, mongodb=self.state)

    def _layers(self) -> None:
        """Try all layers. Raises UnreachableError at the first that fails."""
        with self.tried.layer("config", _told(self.string, self.database)):
            pass
        found = self._records()
        said = {**found.options, **self.string.options}
        way = Way(
            tls=self.string.tls,
            networks=self.networks,
            set_name=said.get("replicaset", ""),
            balanced=said.get("loadbalanced") == "true",
            roots=self.roots,
            never=self.never,
        )
        link = self._members(found.hosts[:MOST_MEMBERS], way)
        with self.tried.layer("auth", ""):
            because = self._authenticated(link, self.string.login(found.options.get("authsource", "")))
        self.tried.say(because)
        with self.tried.layer("ping", f"{link.at} answers ping."):
            link.ping()

    def _records(self) -> Records:
        if not self.string.records:
            return Records(hosts=self.string.hosts, options={})
        (name, _), service = self.string.hosts[0], self.string.options.get("srvservicename", "mongodb")
        with self.tried.layer("records", ""):
            found = self.lookup(name, service, self.end.part(RECORDS_WITHIN))
        self.tried.say(f"The SRV records of {name} name {len(found.hosts)} members.")
        return found

    def _members(self, hosts: tuple[tuple[str, int], ...], way: Way) -> MongoLink:
        """Look at all members, and return the link to the primary."""
        deadline = self.end.part(MEMBERS_WITHIN, spare=TURN_WITHIN + LOGIN_LEAST + KEEP_LEAST)
        with ThreadPoolExecutor(len(hosts)) as pool:
            self.members = tuple(pool.map(lambda where: reach(where[0], where[1], way, deadline), hosts))
        if primary(self.members) is None:  # the string may name some of the members only
            self.members += elsewhere(self.members, way, deadline)
        steps, first = judge(self.members, tls=way.tls), primary(self.members)
        self.tried.steps.extend(steps)
        self.state = state(self.members, self.state)
        if first is None or first.link is None:
            failed = steps[-1]
            raise UnreachableError(failed.layer, failed.fault or "no-primary", failed.because)
        return first.link

    def _authenticated(self, link: MongoLink, login: Login | None) -> str:
        """Log in if that is due, and return what is to be said; else what came of the last login counts.

        The ledger is asked before the time of MongoDB begins: that it is slow is not MongoDB's fault.
        """
        mechanism = self.string.mechanism
        taken = spoken(login) and self.fresh and self.last.due(self.now) and self._claimed()
        link.until(self.end.part(LOGIN_WITHIN, spare=KEEP_LEAST))
        if mechanism not in MECHANISMS:
            return f"The connection string logs in by {mechanism}, which the probe does not: no login was tried."
        if login is None:
            return "The connection string names no user: there is nothing to log in with."
        if not taken:
            return as_before(self.last, self.version, self.now)
        self.state = replace(self.state, logged_in_at=self.now)
        try:
            log_in(link, login)
        except UnreachableError as error:
            self.came = (error.fault, error.because)
            raise
        because = f"{link.at} takes the user and the password of the connection string."
        self.came = (None, because)
        return because

    def _claimed(self) -> bool:
        try:
            return within(TURN_WITHIN, lambda: self.logins.claim("mongodb", self.last, self.now))
        except (AwsError, TimeoutError):  # nobody knows whether it was taken, so it counts as taken
            return False

    def _keep(self) -> None:
        """Keep what came of a login, after all that MongoDB was asked: that this is slow is not its fault."""
        if self.came is None:
            return
        fault, because = self.came
        with suppress(AwsError, TimeoutError):  # the attempt is taken, and what came of the one before it stands
            within(self.end.left(), lambda: self.logins.keep("mongodb", self.now, fault, because, self.version))


def _told(string: ConnectionString, database: str) -> str:
    named = string.shape.database
    said = f"The connection string is understood: {string.shape.scheme}, {', '.join(string.shape.hosts)}"
    said = f"{said}, database {named}" if named else said
    return f"{said}; configured is {database}." if database and named and named != database else f"{said}."
