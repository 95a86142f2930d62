"""What Linux itself is asked to refuse a process that reads a hostile file: writing, other files, sockets, processes, signals.

Rules of the kernel hold for machine code as well as for Python, need no rights, no daemon and no package, are inherited by the
program that a process may become, and cannot be taken back. Landlock (Linux 5.13 and later, most distributions) refuses writing,
the reading of any file but those named and the program's own, and, as it grows, TCP and signals; seccomp refuses to make any
socket, process or shared memory that would outlive it, and to change a file's mode or owner; root gives up its privileges, but
for that of reading. Each is asked for by number, since the C library has no names for Landlock's calls; where a kernel does
not know one of them, the other limits of the sandbox remain.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterator, Sequence

# Bits of Landlock's file system rights: write_file, then remove_dir … make_sym; refer since version 2, truncate since 3.
_WRITE = 1 << 1 | sum(1 << bit for bit in range(4, 13))
_SINCE = ((2, 1 << 13), (3, 1 << 14))
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_PATH_BENEATH = 1
# Beside Python and its packages: libraries, fonts, what time it is here.
_PROGRAM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/dev/null", "/dev/urandom")
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_CAPABILITIES_3, _READ_SEARCH = 0x20080522, 1 << 2
# Of each architecture: its name in seccomp; its numbers of socket, io_uring_setup (which can make sockets too), of fork and vfork
# where they are, of shmget, semget and msgget, and of the calls that change the mode or owner of a file, which Landlock leaves
# alone; its number of clone.
_CALLS = {
    "x86_64": (0xC000003E, (41, 425, 57, 58, 29, 64, 68, 90, 91, 268, 452, 92, 93, 94, 260), 56),
    "aarch64": (0xC00000B7, (198, 425, 194, 190, 186, 52, 53, 452, 54, 55), 220),
}
_CLONE3, _THREAD = 435, 0x10000
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_BIT, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_RUN, _DENY, _UNKNOWN = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # EPERM; ENOSYS, after which libc takes clone for clone3


def refuse_the_rest(readable: Sequence[str] = ()) -> tuple[str, ...]:
    """Bind this process for good. Which of "writing" (Landlock) and "calls" (seccomp) the kernel now refuses.

    Open descriptors stay as they are. Of files only those of `readable` and the program's own can be read; without any, all.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)  # what an ordinary user must give up first
    refused = {"writing": _refuse_files(libc, readable), "calls": _refuse_calls(libc)}
    _give_up_privileges(libc)
    return tuple(name for name, done in refused.items() if done)


def _refuse_files(libc: ctypes.CDLL, readable: Sequence[str]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    files = _WRITE | sum(bit for since, bit in _SINCE if version >= since)
    files |= _READ_FILE | _READ_FOLDER if readable else 0
    network = 0b11 if version >= 4 else 0  # TCP: bind and connect
    scoped = 0b11 if version >= 6 else 0  # abstract Unix sockets and signals: only within
    rules = struct.pack("=QQQ", files, network, scoped)[: 8 if version < 4 else 16 if version < 6 else 24]
    descriptor = libc.syscall(_CREATE_RULESET, rules, len(rules), 0)
    if descriptor < 0:
        return False
    try:
        for rule in _open_rules(readable):
            libc.syscall(_ADD_RULE, descriptor, _PATH_BENEATH, rule, 0)
        return bool(libc.syscall(_RESTRICT_SELF, descriptor, 0) == 0)
    finally:
        os.close(descriptor)


def _open_rules(readable: Sequence[str]) -> Iterator[bytes]:
    """For each path that is there: what may be done with it, and a descriptor that lasts until the next is asked for."""
    own = (sys.prefix, sys.base_prefix, *sys.path, *_PROGRAM) if readable else ()
    for path in dict.fromkeys((*readable, *filter(None, own))):
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # a sidecar that there is not, a folder that this system has elsewhere
        try:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            yield struct.pack("=Qi", _READ_FILE | (_READ_FOLDER if is_folder else 0), descriptor)
        finally:
            os.close(descriptor)


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    """Of root, and of the root that a user is in a namespace of its own: all but reading what others may not."""
    head = struct.pack("=Ii", _CAPABILITIES_3, 0)
    held = ctypes.create_string_buffer(24)  # twice: effective, permitted, inheritable
    if libc.capget(head, held) == 0:
        kept = struct.unpack_from("=I", held, 4)[0] & _READ_SEARCH
        libc.capset(head, struct.pack("=6I", kept, kept, 0, 0, 0, 0))


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    if sys.byteorder != "little" or os.uname().machine not in _CALLS:
        return False
    steps = _filter(*_CALLS[os.uname().machine])
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, program, 0, 0) == 0)


def _filter(architecture: int, numbers: tuple[int, ...], clone: int) -> list[tuple[int, int, int, int]]:
    """A program over a system call: (operation, steps to jump if so, if not, operand). Calls of another architecture or in
    their x32 form are denied, new threads run, new processes are denied, and so are `numbers`; all others run."""
    run = len(numbers) + 8
    deny, unknown = run + 1, run + 2
    return [
        (_LOAD, 0, 0, 4),  # the architecture
        (_JUMP_EQUAL, 0, deny - 2, architecture),
        (_LOAD, 0, 0, 0),  # the call's number
        (_JUMP_FROM, deny - 4, 0, 1 << 30),
        *((_JUMP_EQUAL, deny - 5 - place, 0, number) for place, number in enumerate(numbers)),
        (_JUMP_EQUAL, unknown - len(numbers) - 5, 0, _CLONE3),
        (_JUMP_EQUAL, 0, run - len(numbers) - 6, clone),
        (_LOAD, 0, 0, 16),  # clone's flags
        (_JUMP_BIT, 0, 1, _THREAD),
        (_GIVE, 0, 0, _RUN),
        (_GIVE, 0, 0, _DENY),
        (_GIVE, 0, 0, _UNKNOWN),
    ]
