"""Attacks: every class that docs/security.md lists, through the public interface, in every sandbox.

An attack reports what it reached as its result; `"refused"` is what an operating system's refusal becomes.
"""

from __future__ import annotations

import os
import socket
from errno import ENOSYS, EPERM
from pathlib import Path

import pytest
from sandbox_bench import attempt

from fieldcraft.skills import KillReason


def syscall(*arguments: str) -> tuple[str, ...]:
    """Lines that make one raw system call through ctypes and return its error number, 0 for none."""
    return (
        "libc = ctypes.CDLL(None, use_errno=True)",
        f"status = libc.syscall({', '.join(arguments)})",
        "return ctypes.get_errno() if status == -1 else 0",
    )


@pytest.mark.attack("read host files and installed packages, through links and `..`")
def test_host_files_cannot_be_read(run, secret):
    assert run(attempt("return open(path).read()"), arguments={"path": str(secret)}).result == "refused"
    assert run(attempt("return open('/etc/passwd').read()")).result == "refused"


@pytest.mark.attack("list host folders")
def test_host_folders_cannot_be_listed(run):
    for folder in ("/etc", "/proc", "/home", "/tmp", "/var"):
        assert run(attempt("return os.listdir(path)"), arguments={"path": folder}).result == "refused"
    listing = run(attempt("return os.listdir('/')")).result
    assert listing == "refused" or not {"etc", "proc", "tmp", "dev", "var", "home"} & set(listing)


@pytest.mark.attack("read host files and installed packages, through links and `..`")
def test_installed_packages_cannot_be_read(run):
    import pydantic

    package = str(Path(pydantic.__file__))
    assert run(attempt("return open(path).read()[:9]"), arguments={"path": package}).result == "refused"
    assert run("def f(bot):\n    import pydantic\n").fault.kind == "ModuleNotFoundError"


@pytest.mark.attack("read secrets in environments")
def test_secrets_in_environments_cannot_be_read(run):
    assert run(attempt("return dict(os.environ)")).result == {}
    for process in ("self", str(os.getpid()), "1"):
        source = attempt("return open(f'/proc/{path}/environ').read()")
        assert run(source, arguments={"path": process}).result == "refused"


@pytest.mark.attack("write, remove, rename, link or change host files")
def test_host_files_cannot_be_written_removed_or_changed(run, secret):
    for action in (
        "open(path, 'w')",
        "open(path, 'a')",
        "os.open(path, os.O_WRONLY)",
        "os.remove(path)",
        "os.rename(path, path + '2')",
        "os.chmod(path, 0o777)",
        "os.chown(path, 1, 1)",
        "os.utime(path, (1, 1))",
        "os.truncate(path, 0)",
        "os.link(path, path + '2')",
        "os.symlink('/etc/passwd', path + '3')",
        "os.mkdir(path + '4')",
        "os.mkfifo(path + '5')",
        "os.setxattr(path, 'user.x', b'1')",
    ):
        assert run(attempt(action, "return 'done'"), arguments={"path": str(secret)}).result == "refused", (
            action
        )
    assert secret.read_text() == "the host's secret"
    assert list(secret.parent.iterdir()) == [secret]


@pytest.mark.attack("read host files and installed packages, through links and `..`")
def test_symbolic_links_do_not_lead_out(run, tmp_path, secret):
    (tmp_path / "link").symlink_to(secret)
    assert (
        run(attempt("return open(path).read()"), arguments={"path": str(tmp_path / "link")}).result
        == "refused"
    )
    dotted = "/usr/lib/../../" + str(secret)
    assert run(attempt("return open(path).read()"), arguments={"path": dotted}).result == "refused"


@pytest.mark.attack("fill disks, temporary folders, shared memory")
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/var/tmp", "/run", "/", "."])
def test_disk_and_shared_memory_cannot_be_filled(run, folder):
    source = attempt(
        "file = open(path + '/fieldcraft-attack', 'wb')", "file.write(b'x' * 10_000)", "return 'done'"
    )
    assert run(source, arguments={"path": folder}).result == "refused"
    assert not (Path(folder) / "fieldcraft-attack").exists()


@pytest.mark.attack("reach the network: TCP, UDP, raw sockets")
def test_the_network_cannot_be_reached(run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        source = attempt(
            "connection = socket.create_connection(('127.0.0.1', number), 1)",
            "return 'connected'",
            imports="socket",
        )
        assert run(source, arguments={"number": port}).result == "refused"
        with pytest.raises(TimeoutError):
            listener.accept()
    for kind in ("socket.SOCK_STREAM", "socket.SOCK_DGRAM", "socket.SOCK_RAW"):
        assert (
            run(attempt(f"socket.socket(socket.AF_INET, {kind})", "return 1", imports="socket")).result
            == "refused"
        )


@pytest.mark.attack("reach unix sockets of the host")
def test_abstract_unix_sockets_cannot_be_reached(run):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0fieldcraft-test-{os.getpid()}")
        listener.listen()
        source = attempt(
            "s = socket.socket(socket.AF_UNIX)",
            "s.connect('\\0fieldcraft-test-' + str(number))",
            "return 'connected'",
            imports="socket",
        )
        assert run(source, arguments={"number": os.getpid()}).result == "refused"


@pytest.mark.attack("run other programs; fork and thread bombs")
def test_processes_cannot_be_made(run):
    assert run(attempt("os.fork()", "return 'forked'")).result == "refused"
    assert run(attempt("os.posix_spawn('/bin/true', ['true'], {})", "return 'spawned'")).result == "refused"
    assert run(attempt("os.execv('/bin/true', ['true'])", "return 'ran'")).result == "refused"
    source = attempt("return subprocess.run(['/bin/echo', 'hi']).returncode", imports="subprocess")
    assert run(source).result == "refused"
    assert run(attempt("import multiprocessing as m", "m.Process().start()", "return 1")).result == "refused"


@pytest.mark.attack("run other programs; fork and thread bombs")
def test_a_fork_bomb_goes_nowhere(run):
    source = """
import os

def f(bot):
    made = 0
    for _ in range(1000):
        try:
            os.fork()
            made += 1
        except OSError:
            pass
    return made
"""
    assert run(source).result == 0


@pytest.mark.attack("run other programs; fork and thread bombs")
def test_a_thread_bomb_goes_nowhere(run):
    source = attempt("threading.Thread(target=print).start()", "return 'started'", imports="threading")
    assert run(source).result == "refused"


@pytest.mark.attack("signal, limit, renice or own other processes")
def test_host_processes_cannot_be_signalled_or_limited(run):
    source = attempt("os.kill(number, 0)", "return 'signalled'")
    for process in (os.getpid(), os.getppid(), 1, -1):
        assert run(source, arguments={"number": process}).result == "refused"
    limit = attempt(
        "resource.prlimit(number, resource.RLIMIT_NOFILE, (1, 1))", "return 'limited'", imports="resource"
    )
    assert run(limit, arguments={"number": os.getpid()}).result == "refused"
    own = attempt("fcntl.fcntl(3, fcntl.F_SETOWN, number)", "return 'owned'", imports="fcntl")
    assert run(own, arguments={"number": os.getpid()}).result == "refused"
    assert run(attempt("os.setpriority(os.PRIO_PROCESS, number, 19)", "return 1")).result == "refused"


@pytest.mark.attack("raw system calls: ptrace, namespaces, mounts, io_uring, bpf and 20 others")
@pytest.mark.parametrize(
    ("name", "x86_64", "aarch64", "arguments"),
    [
        ("ptrace", 101, 117, "16, number, 0, 0"),
        ("process_vm_readv", 310, 270, "number, 0, 0, 0, 0, 0"),
        ("unshare", 272, 97, "0x10000000"),
        ("clone", 56, 220, "0x10000011, 0, 0, 0, 0"),
        ("clone3", 435, 435, "0, 0"),
        ("setns", 308, 268, "0, 0"),
        ("mount", 165, 40, "0, 0, 0, 0, 0"),
        ("chroot", 161, 51, "b'/'"),
        ("execveat", 322, 281, "3, b'', 0, 0, 4096"),
        ("memfd_create", 319, 279, "b'x', 0"),
        ("shmget", 29, 194, "0, 4096, 0o1777"),
        ("io_uring_setup", 425, 425, "8, 0"),
        ("bpf", 321, 280, "0, 0, 0"),
        ("perf_event_open", 298, 241, "0, 0, 0, 0, 0"),
        ("userfaultfd", 323, 282, "0"),
        ("keyctl", 250, 219, "0, 0"),
        ("socket", 41, 198, "1, 1, 0"),
        ("socketpair", 53, 199, "1, 1, 0, b'01234567'"),
        ("pidfd_open", 434, 434, "number, 0"),
        ("openat2", 437, 437, "-100, b'/etc/passwd', b'0' * 24, 24"),
        ("name_to_handle_at", 303, 264, "-100, b'/', 0, 0, 0"),
        ("landlock_create_ruleset", 444, 444, "0, 0, 1"),
        ("seccomp", 317, 277, "0, 0, 0"),
        ("prctl", 157, 167, "38, 0, 0, 0, 0"),
        ("setrlimit through prlimit64", 302, 261, "0, 7, b'0' * 16, 0"),
        ("a number that does not exist", 4000, 4000, "0"),
    ],
)
def test_raw_system_calls_are_refused(run, name, x86_64, aarch64, arguments):
    number = f"{x86_64} if platform.machine() == 'x86_64' else {aarch64}"
    execution = run(
        attempt(*syscall(number, arguments), imports="ctypes, platform"), arguments={"number": os.getpid()}
    )
    assert execution.result == (ENOSYS if name in ("clone3", "openat2") else EPERM)


@pytest.mark.attack("the processor's other calling convention (x32)")
def test_the_other_calling_convention_of_the_processor_is_deadly(run):
    execution = run(attempt(*syscall("0x40000000 + 39"), imports="ctypes"))
    if os.uname().machine == "x86_64":
        assert execution.killed is KillReason.CRASHED
        assert "SIGSYS" in execution.detail
    else:
        assert execution.result == EPERM


@pytest.mark.attack("open many files")
def test_many_open_files_are_refused(run):
    source = attempt("files = [os.dup(3) for _ in range(200)]", "return len(files)")
    assert run(source).result == "refused"
