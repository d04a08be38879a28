"""What the server asks a warm parent to run."""

import dataclasses
import json
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """One program, ready to run: nothing is left to decide.

    `sandbox` is the bubblewrap command that makes its sandbox (None: no sandbox), `hosts` the text of its /etc/hosts.
    `env` is all of its environment, `cwd` is a path as the program sees it. `cpus` are the numbers of those it may use
    (empty: all), `quota` how many it may use up at once, `memory` is in bytes. After `seconds` it gets SIGTERM, and
    SIGKILL `grace` seconds later.
    """

    name: str
    argv: list[str]
    entry: str | None
    env: dict[str, str]
    cwd: str
    sandbox: list[str] | None
    hosts: str
    cpus: list[int]
    quota: float | None
    memory: int | None
    seconds: float | None
    grace: float

    def to_file(self) -> int:
        """Return the descriptor of an anonymous file that holds the order; it may be longer than a socket takes."""
        fd = os.memfd_create("order", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(fd), "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file)
        return fd

    @classmethod
    def from_file(cls, fd: int) -> "Order":
        """Read an order back; closes the descriptor."""
        with os.fdopen(fd, encoding="utf-8") as file:
            file.seek(0)
            return cls(**json.load(file))
