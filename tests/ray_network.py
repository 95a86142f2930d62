"""Machines of a test: network namespaces joined by a bridge, each with an address of its own.

Within a network, process and mount namespace that the caller made (`unshare`), so that nothing is left of them once it ends.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ray_nodes import processes

HOLD = "echo; exec sleep infinity"


def _network(pid: int) -> str:
    """The network that a process is in; "" of one that has ended meanwhile."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except FileNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class Machine:
    """`holder`: a process that does nothing but keep the namespaces."""

    name: str
    address: str
    holder: int

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, as it runs on this machine."""
        return ["nsenter", f"--target={self.holder}", "--net", "--mount", f"--wdns={os.getcwd()}", *command]

    def processes(self, fits: Callable[[str], bool]) -> list[int]:
        """Those on this machine whose command line fits, oldest first."""
        here = _network(self.holder)
        return [pid for pid in processes(fits) if _network(pid) == here]

    def has_unsent(self) -> bool:
        """Whether its kernel still holds what a process, alive or dead, gave it to send: it tries again for minutes."""
        tables = (Path(f"/proc/{self.holder}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
        return any(not line.split()[4].startswith("00000000:") for table in tables for line in table)

    def unplug(self) -> None:
        _do("ip", "link", "set", self.name, "down")

    def plug_in(self) -> None:
        _do("ip", "link", "set", self.name, "up")


class Network:
    """10.77.0.0/24. The caller's namespace has no address in it: what is to reach a machine runs on one.

    `own`: a folder of which each machine sees one of its own; all other files are those of all.
    """

    def __init__(self, own: Path) -> None:
        own.mkdir()
        self._own = own
        raise_loopback()
        _do("ip", "link", "add", "bridge", "type", "bridge")
        _do("ip", "link", "set", "bridge", "up")
        self.machines: list[Machine] = []

    def add(self, replaced: tuple[Path, Path] | None = None) -> Machine:
        """A new machine. `replaced`: it sees the second folder in the place of the first."""
        number = len(self.machines) + 1
        holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", HOLD], stdout=subprocess.PIPE)
        assert holder.stdout and holder.stdout.readline()  # it has its namespaces
        machine = Machine(f"port{number}", f"10.77.0.{number}", holder.pid)
        _do("ip", "link", "add", machine.name, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        _do("ip", "link", "set", machine.name, "master", "bridge", "up")
        _do(*machine.inside(["ip", "link", "set", "lo", "up"]))
        _do(*machine.inside(["ip", "address", "add", f"{machine.address}/24", "dev", "eth0"]))
        _do(*machine.inside(["ip", "link", "set", "eth0", "up"]))
        _do(*machine.inside(["mount", "-t", "tmpfs", "none", str(self._own)]))
        if replaced:
            _do(*machine.inside(["mount", "--bind", str(replaced[1]), str(replaced[0])]))
        self.machines.append(machine)
        return machine


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


def _do(*command: str) -> None:
    subprocess.run(command, check=True)
