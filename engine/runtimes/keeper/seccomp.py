"""The system calls that a model server may make: a filter that the kernel runs before each call (seccomp(2))."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

from libc import PR_SET_SECCOMP, address_of, prctl

_MODE_FILTER = 2
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
# Instructions of the classic BPF machine: load a word, mask it, compare, return.
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
# Offsets in struct seccomp_data; arguments have 8 bytes, low word first on these machines.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
#: The bit of system calls of the x32 interface, on x86_64.
_X32 = 0x40000000

#: Calls that no model needs: (number on x86_64, on aarch64); None if the machine does not have the call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
#: Calls that programs can do without; they fail as if they did not exist.
_ABSENT: dict[str, tuple[int | None, int | None]] = {
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # Its flags are in memory, which a filter cannot read; libc falls back to clone.
    "clone3": (435, 435),
}
#: Calls that change a file's mode, owner, times or attributes, which Landlock does not restrict. If the process can
#: name files of others, they do nothing; errors would break every shutil.copy.
_METADATA: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
#: Shared memory and queues that outlive a process and that others can see, without a namespace for them.
_SHARED: dict[str, tuple[int | None, int | None]] = {
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
#: Calls that set limits and priorities of a process, and the position of the argument that names it; 0 is the caller.
_OF_A_PROCESS = (
    ((302, 261), 0),  # prlimit64
    ((141, 140), 1),  # setpriority
    ((251, 30), 1),  # ioprio_set
    ((203, 122), 0),  # sched_setaffinity
    ((144, 119), 0),  # sched_setscheduler
    ((142, 118), 0),  # sched_setparam
    ((314, 274), 0),  # sched_setattr
)
#: prctl, and its option that hides from the engine's user what a process holds.
_PRCTL, _PR_SET_DUMPABLE = (157, 167), 4
#: setsockopt, and the option that the engine's listening socket has so that no other port can be listened at.
_SETSOCKOPT, _IP_LOCAL_PORT_RANGE = (54, 208), 51
_SOCKET, _SOCKET_PAIR, _CLONE = (41, 198), (53, 199), (56, 220)
#: Calls that send data, and the position of their flags.
_SENDING = (((44, 206), 3), ((46, 211), 2), ((307, 269), 3))
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_MSG_FASTOPEN = 0x20000000
_NETLINK = 16
_SOCKET_TYPE = 0xF  # Without SOCK_CLOEXEC and SOCK_NONBLOCK.

#: The sockets that a process may create: all internet sockets; only TCP; TCP, and UDP for name lookups; none.
ANY, TCP, TCP_AND_UDP, NONE = "any", "tcp", "tcp+udp", "none"


def is_supported() -> bool:
    """Whether the filter supports this machine's architecture."""
    return os.uname().machine in _MACHINES


def restrict(sockets: str, *, shares_machine: bool) -> None:
    """Permanently filter the system calls of this process and its children. Requires no_new_privs.

    `sockets` is ANY, TCP, TCP_AND_UDP or NONE. `shares_machine` means that the process has no namespaces: then it
    cannot create AF_UNIX sockets, whose paths Landlock does not restrict. Raises OSError, or KeyError on an unsupported
    machine.
    """
    column, architecture = _MACHINES[os.uname().machine]
    program = _Program(column)
    program.check_machine(architecture, x32=column == 0)
    for table, error in ((_REFUSED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        program.refuse_all(table, error)
    if shares_machine:
        program.refuse_all(_METADATA, 0)
        program.refuse_all(_SHARED, errno.EACCES)
        for numbers, position in _OF_A_PROCESS:
            program.refuse_others(numbers, position)
        # Datagram sockets of a pair could send to socket files of others.
        program.refuse_datagram_pairs()
    program.refuse_value(_PRCTL, 0, _PR_SET_DUMPABLE)
    program.refuse_value(_SETSOCKOPT, 2, _IP_LOCAL_PORT_RANGE)
    program.refuse_bits(_CLONE, 0, _NEW_NAMESPACES)
    # MSG_FASTOPEN connects without connect(2), to which the port rules apply.
    for numbers, position in _SENDING:
        program.refuse_bits(numbers, position, _MSG_FASTOPEN)
    program.check_sockets(sockets, local=not shares_machine)
    program.add(_RETURN, _ALLOW)
    code = ctypes.create_string_buffer(program.code)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program.code) // 8, address_of(code)))
    prctl(PR_SET_SECCOMP, _MODE_FILTER, address_of(header))


class _Program:
    """Builds a BPF program."""

    def __init__(self, column: int) -> None:
        self._column = column
        self.code = b""

    def add(self, instruction: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        """Add an instruction; `if_true` and `if_false` are the numbers of instructions to skip."""
        self.code += struct.pack("=HBBI", instruction, if_true, if_false, value)

    def check_machine(self, architecture: int, *, x32: bool) -> None:
        """Kill a process that uses another architecture's calls, which have other numbers."""
        self.add(_LOAD, _ARCHITECTURE)
        self.add(_EQUAL, architecture, 1, 0)
        self.add(_RETURN, _KILL_PROCESS)
        self.add(_LOAD, _NUMBER)
        if x32:
            self.add(_AT_LEAST, _X32, 0, 1)
            self.add(_RETURN, _KILL_PROCESS)

    def refuse_all(self, table: dict[str, tuple[int | None, int | None]], error: int) -> None:
        """Make these calls fail with that error; 0 makes them succeed without effect."""
        for numbers in table.values():
            number = numbers[self._column]
            if number is not None:
                self.add(_EQUAL, number, 0, 1)
                self.add(_RETURN, _ERRNO | error)

    def refuse_bits(self, numbers: tuple[int, int], position: int, bits: int) -> None:
        """Refuse a call if the argument has any of these bits."""
        self.add(_EQUAL, numbers[self._column], 0, 4)
        self._load_argument(position)
        self.add(_ANY_BIT, bits, 0, 1)
        self.add(_RETURN, _ERRNO | errno.EPERM)
        self.add(_LOAD, _NUMBER)

    def refuse_value(self, numbers: tuple[int, int], position: int, value: int) -> None:
        """Refuse a call if the argument has this value."""
        self.add(_EQUAL, numbers[self._column], 0, 4)
        self._load_argument(position)
        self.add(_EQUAL, value, 0, 1)
        self.add(_RETURN, _ERRNO | errno.EPERM)
        self.add(_LOAD, _NUMBER)

    def refuse_others(self, numbers: tuple[int, int], position: int) -> None:
        """Refuse a call if the argument names another process than the caller."""
        self.add(_EQUAL, numbers[self._column], 0, 4)
        self._load_argument(position)
        self.add(_EQUAL, 0, 1, 0)
        self.add(_RETURN, _ERRNO | errno.EPERM)
        self.add(_LOAD, _NUMBER)

    def refuse_datagram_pairs(self) -> None:
        """Refuse socketpair(2) for datagram sockets."""
        self.add(_EQUAL, _SOCKET_PAIR[self._column], 0, 5)
        self._load_argument(1)
        self.add(_AND, _SOCKET_TYPE)
        self.add(_EQUAL, socket.SOCK_DGRAM, 0, 1)
        self.add(_RETURN, _ERRNO | errno.EACCES)
        self.add(_LOAD, _NUMBER)

    def check_sockets(self, sockets: str, *, local: bool) -> None:
        """Allow only some kinds of socket(2). Must be the last check."""
        checks = _Program(self._column)
        if local:
            checks._allow_family(socket.AF_UNIX)
        # Of netlink only the route family, by which libc reads this machine's addresses.
        checks._load_argument(2)
        checks.add(_EQUAL, 0, 0, 3)
        checks._load_argument(0)
        checks.add(_EQUAL, _NETLINK, 0, 1)
        checks.add(_RETURN, _ALLOW)
        if sockets != NONE:
            checks._allow_internet(sockets)
        checks.add(_RETURN, _ERRNO | errno.EACCES)
        self.add(_EQUAL, _SOCKET[self._column], 0, len(checks.code) // 8)
        self.code += checks.code

    def _allow_family(self, family: int) -> None:
        self._load_argument(0)
        self.add(_EQUAL, family, 0, 1)
        self.add(_RETURN, _ALLOW)

    def _allow_internet(self, sockets: str) -> None:
        """Allow TCP, and UDP if `sockets` says so, over IPv4 and IPv6. Other protocols have no port rules."""
        inner = _Program(self._column)
        inner._allow_kind(socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sockets in (ANY, TCP_AND_UDP):
            inner._allow_kind(socket.SOCK_DGRAM, socket.IPPROTO_UDP)
        inner.add(_RETURN, _ERRNO | errno.EACCES)
        self._load_argument(0)
        self.add(_EQUAL, socket.AF_INET, 1, 0)
        self.add(_EQUAL, socket.AF_INET6, 0, len(inner.code) // 8)
        self.code += inner.code

    def _allow_kind(self, kind: int, protocol: int) -> None:
        self._load_argument(1)
        self.add(_AND, _SOCKET_TYPE)
        self.add(_EQUAL, kind, 0, 4)
        self._load_argument(2)
        self.add(_EQUAL, 0, 1, 0)
        self.add(_EQUAL, protocol, 0, 1)
        self.add(_RETURN, _ALLOW)

    def _load_argument(self, position: int) -> None:
        self.add(_LOAD, _FIRST_ARGUMENT + 8 * position)
