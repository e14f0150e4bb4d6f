"""Attacks on the worker itself and on what it shares: its files, frames, descriptors, temporary folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sandbox_bench import attempt

OWN_FILES = """
import sys

def attack(bot, how=''):
    module = sys.modules['worker.program']
    path = module.__file__
    try:
        exec(how, {'path': path, 'folder': path.rpartition('/')[0], 'os': __import__('os')})
    except OSError as error:
        return 'refused'
    return 'done'
"""


@pytest.mark.attack("write the worker's own files, or leave some for the next program")
@pytest.mark.parametrize(
    "how",
    [
        "open(path, 'a')",
        "open(path, 'r+b')",
        "os.open(path, os.O_WRONLY)",
        "os.remove(path)",
        "os.rename(path, path + '.old')",
        "os.chmod(path, 0o777)",
        "os.truncate(path, 0)",
        "os.mkdir(folder + '/__pycache__2')",
        "open(folder + '/../json.py', 'w')",
        "os.symlink('/tmp', folder + '/link')",
    ],
)
def test_the_workers_own_files_cannot_be_written(run, how):
    assert run(OWN_FILES, arguments={"how": how}).result == "refused"


@pytest.mark.attack("write the worker's own files, or leave some for the next program")
def test_what_a_program_changes_in_its_interpreter_is_gone_with_it(run):
    source = """
import builtins, json, sys

def f(bot):
    worker = sys.modules['worker.channel']
    worker.Channel.request = lambda *_: {'value': 'forged'}
    sys.modules['worker.program'].Runner.run = lambda *_: None
    builtins.print = json.dumps = len = None
    json.planted = True
"""
    run(source)
    after = run(
        "import json\n\ndef f(bot):\n    print('hi')\n    return [bot.add(1), hasattr(json, 'planted')]\n"
    )
    assert after.result == [2, False]
    assert after.log == "hi\n"


LINK_GAMES = (
    "os.symlink(target, folder + '/fieldcraft-link')",
    "os.link(target, folder + '/fieldcraft-link')",
    "os.mkfifo(folder + '/fieldcraft-fifo')",
    "os.mkdir(folder + '/fieldcraft-folder')",
    "os.open(folder, os.O_TMPFILE | os.O_RDWR)",
    "__import__('tempfile').TemporaryDirectory(dir=folder)",
    "__import__('tempfile').NamedTemporaryFile(dir=folder)",
    "os.rename(folder, folder + '-moved')",
    "os.chroot(folder)",
)


@pytest.mark.attack("symbolic link games in temporary folders")
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/var/tmp", "/run"])
def test_nothing_can_be_linked_or_made_in_temporary_folders(run, folder, secret):
    for game in LINK_GAMES:
        source = attempt(f"folder, target = path, {str(secret)!r}", game, "return 'done'")
        assert run(source, arguments={"path": folder}).result == "refused", game
    made = {path.name for path in Path(folder).iterdir()}
    assert not made & {"fieldcraft-link", "fieldcraft-fifo", "fieldcraft-folder"}


@pytest.mark.attack("symbolic link games in temporary folders")
@pytest.mark.parametrize(
    "way",
    [
        "return open(link).read()",
        "return os.readlink('/proc/self/exe') and open('/proc/self/root' + path).read()",
        "return open('/proc/self/cwd' + path).read()",
        "return open('/proc/1/root' + path).read()",
        "return os.open('../' * 20 + path.lstrip('/'), 0, dir_fd=os.open(os.path.dirname(os.__file__), 0))",
        "return open('/dev/fd/3').read(1)",
        "return os.listdir('/proc/self/fd')",
    ],
)
def test_links_that_others_made_do_not_lead_out(run, tmp_path, secret, way):
    (tmp_path / "link").symlink_to(secret)
    source = attempt(f"link = {str(tmp_path / 'link')!r}", way)
    assert run(source, arguments={"path": str(secret)}).result == "refused"


@pytest.mark.attack("learn of other processes and of where links lead")
@pytest.mark.parametrize(
    "way",
    {
        "processors": "return os.sched_getaffinity(other)",
        "a processor clock": "return __import__('time').clock_gettime(~other << 3 | 2)",
        "the resolution of one": "return __import__('time').clock_getres(~other << 3 | 2)",
        "priority": "return os.getpriority(os.PRIO_PROCESS, other)",
        "limits": "return __import__('resource').prlimit(other, 7)",
        "session": "return os.getsid(other)",
        "scheduler": "return os.sched_getscheduler(other)",
        "a link's target": "return os.readlink(link)",
        "the program of a process": "return os.readlink(f'/proc/{other}/exe')",
    }.items(),
    ids=lambda way: way[0],
)
def test_nothing_is_learnt_of_other_processes_and_links(run, tmp_path, secret, way):
    (tmp_path / "link").symlink_to(secret)
    source = attempt(f"link, other = {str(tmp_path / 'link')!r}, {os.getpid()}", way[1])
    assert run(source).result == "refused"


@pytest.mark.attack("use descriptors that were left open")
def test_a_worker_holds_no_descriptor_but_its_wire(run):
    source = """
import os, stat

def f(bot):
    found = {}
    for number in range(1100):
        try:
            found[number] = stat.S_IFMT(os.fstat(number).st_mode)
        except OSError:
            pass
    return [sorted(found), [found[n] == stat.S_IFCHR for n in (0, 1, 2)], found[3] == stat.S_IFSOCK]
"""
    assert run(source).result == [[0, 1, 2, 3], [True] * 3, True]


WALKS = {
    "frames": "frames = [sys._getframe()]",
    "generators": "g = walker(); next(g); frames = [g.gi_frame, next(g), g.throw(KeyError())]",
    "coroutines": "c = asleep(); frames = [c.cr_frame, sys._getframe().f_back]; c.close()",
    "tracebacks": "frames = traced()",
    "current frames": "frames = list(sys._current_frames().values())",
}


@pytest.mark.attack("read the host through frames, generators, tracebacks, `gc`, `ctypes`")
@pytest.mark.parametrize("walk", WALKS)
def test_frames_of_the_worker_hold_nothing_of_the_host(run, walk):
    source = f"""
import gc, sys

def f(bot):
    {WALKS[walk]}
    names = []
    for frame in frames:
        while frame:
            names += list(frame.f_globals) + [repr(v)[:500] for v in frame.f_locals.values()]
            names += [repr(v)[:500] for v in frame.f_globals.values()]
            frame = frame.f_back
    text = ' '.join(names) + ' '.join(str(o)[:200] for o in gc.get_objects() if isinstance(o, dict))
    return [''.join(('sk-', 'host')) in text, 'pydantic' in sys.modules, 'fieldcraft' in sys.modules]

def asleep():
    async def sleeper():
        pass

    return sleeper()

def walker():
    try:
        yield 0
        yield sys._getframe().f_back
    except KeyError:
        yield sys._getframe()

def traced():
    try:
        1 / 0
    except ZeroDivisionError as error:
        return [error.__traceback__.tb_frame]

def h(bot):
    return f(bot)
"""
    assert run(source).result == [False, False, False]


@pytest.mark.attack("read the host through frames, generators, tracebacks, `gc`, `ctypes`")
def test_the_workers_memory_holds_no_secret_of_the_host(run):
    source = """
import ctypes, gc

def f(bot):
    wanted, hits = ('k'.join(('s', '-ho')) + 'st').encode(), 0
    for thing in gc.get_objects():
        if type(thing) in (list, dict, tuple, set):
            raw = ctypes.string_at(id(thing), thing.__sizeof__())
            hits += wanted in raw
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')
    index = 0
    while environ and environ[index]:
        hits += wanted in environ[index]
        index += 1
    return hits
"""
    assert run(source).result == 0


@pytest.mark.attack("fill disks, temporary folders, shared memory")
@pytest.mark.parametrize(
    "way",
    [
        "from multiprocessing.shared_memory import SharedMemory\n        SharedMemory(create=True, size=64)",
        "import mmap\n        mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)",
        "os.memfd_create('x')",
        "import ctypes\n        if ctypes.CDLL(None).shm_open(b'/fieldcraft', 66, 384) < 0: raise OSError",
        "import ctypes\n        if not ctypes.CDLL(None).sem_open(b'/fieldcraft', 64, 384, 1): raise OSError",
    ],
)
def test_shared_memory_with_others_cannot_be_had(run, way):
    assert run(attempt(way, "return 'done'")).result == "refused"
    assert not [path for path in Path("/dev/shm").iterdir() if "fieldcraft" in path.name]


@pytest.mark.attack("signal, limit, renice or own other processes")
@pytest.mark.parametrize(
    "way",
    [
        "os.killpg(0, 0)",
        "os.kill(os.getpid(), 0)",
        "os.kill(os.getppid(), 9)",
        "os.setsid()",
        "os.setpgid(0, 0)",
        "os.tcsetpgrp(0, 1)",
        "__import__('signal').pthread_kill(__import__('threading').get_ident(), 10)",
        "__import__('signal').setitimer(0, 0.01)",
        "os.sched_setaffinity(0, {0, 1})",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    ],
)
def test_signals_and_sessions_are_refused(run, way):
    assert run(attempt(way, "return 'done'")).result == "refused"
