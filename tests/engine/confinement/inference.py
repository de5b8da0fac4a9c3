"""A script for the scikit-learn image that tries to get out of its model server, and reports what came of each attempt.

TARGETS in its environment is JSON: what of the machine it is to reach. Its prediction is a JSON object: by attempt,
"refused: ...", or what it got.
"""

import contextlib
import ctypes
import json
import mmap
import multiprocessing
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
ATTEMPTS = {}


def attempt(function):
    ATTEMPTS[function.__name__] = function
    return function


def call(result):
    """The result of a C function. Raises OSError when it failed."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def try_paths(paths, action):
    """What the action got of the paths. Raises the last error when that is nothing."""
    results, error = [], None
    for path in paths:
        try:
            results.append(f"{path}: {action(path)!r}"[:200])
        except Exception as problem:
            error = problem
    if not results:
        raise error
    return results


def beginning(path):
    with open(path, "rb") as file:
        return file.read(50)


def append(path):
    with open(path, "ab") as file:
        file.write(b"x")


@attempt
def read_secrets(targets):
    return try_paths(targets["files"], beginning)


@attempt
def write_secrets(targets):
    return try_paths(targets["files"], append)


@attempt
def list_folders(targets):
    def list_others(folder):
        # The folders on the way to its own are there, each with the next one in it.
        on_the_way = {*os.getcwd().split("/"), *os.environ["SAGEMAKER_MODEL_DIR"].split("/")}
        names = set(os.listdir(folder)) - on_the_way
        if not names:
            raise PermissionError("nothing of others")
        return names

    return try_paths(targets["folders"], list_others)


@attempt
def change_modes(targets):
    def change(path):
        os.chmod(path, 0o777)
        if os.stat(path).st_mode & 0o777 != 0o777:
            raise PermissionError("unchanged")

    return try_paths(targets["files"], change)


@attempt
def delete_files(targets):
    return try_paths(targets["files"], os.unlink)


@attempt
def read_system_secrets(targets):
    return try_paths(["/etc/shadow", "/root/.profile", "/proc/kcore"], beginning)


@attempt
def read_processes_of_others(targets):
    mine = {os.getpid(), os.getppid()}
    foreign_pids = [pid for pid in (targets["engine_pid"], 1) if pid not in mine]
    return try_paths([f"/proc/{pid}/environ" for pid in foreign_pids], beginning)


@attempt
def open_memory_of_others(targets):
    return try_paths([f"/proc/{pid}/mem" for pid in (targets["engine_pid"], os.getppid())], append)


@attempt
def read_memory_of_parent(targets):
    buffer = ctypes.create_string_buffer(8)
    here = struct.pack("@PN", ctypes.addressof(buffer), 8)
    there = struct.pack("@PN", ctypes.addressof(buffer), 8)
    return call(libc.process_vm_readv(os.getppid(), here, 1, there, 1, 0))


@attempt
def trace_parent(targets):
    return call(libc.ptrace(16, os.getppid(), 0, 0))


@attempt
def signal_engine(targets):
    os.kill(targets["engine_pid"], 0)
    return "signalled"


@attempt
def signal_parent(targets):
    os.kill(os.getppid(), signal.SIGCONT)
    return "signalled"


@attempt
def plant_code(targets):
    here = os.path.dirname(os.__file__)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return try_paths([f"{folder}/planted.pth" for folder in (*packages, here, *targets["code"])], append)


@attempt
def write_model(targets):
    return try_paths([f"{os.environ['SAGEMAKER_MODEL_DIR']}/x", "/opt/ml/model/x"], append)


@attempt
def write_system(targets):
    return try_paths(["/usr/x", "/etc/x", "/x", "/dev/x", "/proc/sys/kernel/core_pattern"], append)


@attempt
def connect_to_ports(targets):
    def connect(port):
        with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
            return connection.getpeername()

    return try_paths(targets["ports"], connect)


@attempt
def connect_without_connect(targets):
    with socket.socket() as connection:
        connection.settimeout(3)
        return connection.sendto(b"x", 0x20000000, ("127.0.0.1", targets["ports"][0]))


@attempt
def send_datagrams(targets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"escaped", ("127.0.0.1", targets["udp_port"]))
    raise PermissionError("sent; whether it arrived, the other side knows")


@attempt
def connect_to_abstract_socket(targets):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{targets['abstract']}")
        return "connected"


@attempt
def connect_to_socket_file(targets):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(targets["socket"])
        return "connected"


@attempt
def make_strange_sockets(targets):
    kinds = [(17, 3, 3), (40, 1, 0), (38, 5, 0), (2, 3, 255), (2, 1, 262), (2, 5, 132), (16, 3, 9)]
    return try_paths(kinds, lambda kind: socket.socket(*kind).close() or "made")


@attempt
def reach_other_hosts(targets):
    with socket.create_connection(("169.254.169.254", 80), timeout=3):
        return "connected"


@attempt
def become_root(targets):
    return (
        try_paths([os.setuid, os.setgid, os.seteuid], lambda become: become(0) or become.__name__)
        if (os.getuid() != 0)
        else "is root"
    )


@attempt
def hold_capabilities(targets):
    lines = [
        line.split()
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(("CapEff", "CapPrm", "CapAmb"))
    ]
    present = [line for line in lines if int(line[1], 16)]
    if present:
        return present
    raise PermissionError("none")


@attempt
def gain_privileges(targets):
    # prctl(PR_GET_NO_NEW_PRIVS)
    if libc.prctl(39, 0, 0, 0, 0) == 1:
        raise PermissionError("no new privileges")
    return "may gain privileges"


@attempt
def leave_namespaces(targets):
    return try_paths([0x10000000, 0x20000, 0x40000000], lambda flag: call(libc.unshare(flag)))


@attempt
def clone_namespaces(targets):
    return call(libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0x10000000 | 17, 0, 0, 0, 0))


@attempt
def mount_things(targets):
    return call(libc.mount(b"none", os.getcwd().encode(), b"tmpfs", 0, None))


@attempt
def change_root(targets):
    os.chroot(os.getcwd())
    return "changed"


@attempt
def make_device(targets):
    os.mknod("device", 0o600 | 0o020000, os.makedev(1, 1))
    return "made"


@attempt
def use_kernel_interfaces(targets):
    # io_uring_setup, bpf, userfaultfd, perf_event_open, keyctl, open_by_handle_at
    numbers = [
        425,
        *((321, 323, 298, 250, 304) if os.uname().machine == "x86_64" else (280, 282, 241, 219, 265)),
    ]
    return try_paths(numbers, lambda number: call(libc.syscall(number, 0, 0, 0, 0, 0)))


@attempt
def raise_limits(targets):
    names = ("RLIMIT_DATA", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NOFILE")
    endless = [
        name for name in names if resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY
    ]
    if endless:
        return endless

    def lift(name):
        soft, hard = resource.getrlimit(getattr(resource, name))
        resource.setrlimit(getattr(resource, name), (soft, hard + 1))
        return "raised"

    return try_paths(names, lift)


@attempt
def limit_others(targets):
    def limit(pid):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (9, 9))
        return "limited"

    # The first process of its own namespace is its own affair: with it, the server ends.
    return try_paths([pid for pid in (targets["engine_pid"], os.getppid()) if pid != 1], limit)


@attempt
def take_memory(targets):
    memory = mmap.mmap(-1, targets["too_much_memory"], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return len(memory)


@attempt
def hide_what_it_holds(targets):
    # PR_SET_DUMPABLE: an ordinary user's engine could not see its open files any more.
    return call(libc.prctl(4, 0, 0, 0, 0))


@attempt
def start_many_processes(targets):
    children = []
    try:
        for _ in range(targets["too_many_processes"]):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            children.append(child)
        return len(children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@attempt
def write_large_file(targets):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("large", "wb") as file:
            file.truncate(targets["too_large_file"])
        return "written"
    finally:
        with contextlib.suppress(OSError):
            os.unlink("large")


def outlive_the_job():
    """Leave a process behind that has left the group, the session and its parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        os._exit(0)


def use_own_things():
    """What a script may do. Raises what is wrong with that."""
    for folder in (os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"], tempfile.gettempdir()):
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x")
    os.makedirs("deep/folder", exist_ok=True)
    os.rename("deep/folder", "deep/other")
    os.chmod("deep/other", 0o700)
    assert os.path.exists(os.path.join(os.environ["SAGEMAKER_MODEL_DIR"], "code", "inference.py"))
    assert (
        subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, check=True).stdout == b"1\n"
    )
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    local_end, right = socket.socketpair()
    local_end.sendall(b"x")
    assert right.recv(1) == b"x"
    os.urandom(1)
    with open("/dev/null", "w") as nothing:
        nothing.write("x")
    import numpy

    assert numpy.linalg.inv(numpy.eye(3)).shape == (3, 3)
    if os.path.exists("/opt/ml/model"):
        with multiprocessing.Lock():
            pass


def report(targets):
    results = {}
    for name, function in ATTEMPTS.items():
        try:
            results[name] = f"GOT {function(targets)}"
        except (OSError, ValueError, MemoryError, subprocess.SubprocessError) as error:
            results[name] = f"refused: {error}"
    try:
        use_own_things()
        results["own things"] = "usable"
    except Exception as error:
        results["own things"] = f"not usable: {error!r}"
    outlive_the_job()
    return results


def model_fn(model_dir):
    return report(json.loads(os.environ["TARGETS"]))


def transform_fn(model, body, content_type, accept):
    return json.dumps(model), "application/json"
