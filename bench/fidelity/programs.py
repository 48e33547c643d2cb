"""Programs that are watched: python programs.py NAME. Each ends by itself in a few seconds."""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

signal.alarm(20)  # whatever happens
LOOPBACK = ("127.0.0.1", 0)


def http() -> None:
    """python -m http.server, and curl that asks it."""
    with open("index.html", "w") as file:
        file.write("hello\n")
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert server.stdout
        port = server.stdout.readline().split()[5].decode()  # Serving HTTP on ADDRESS port PORT
        for path in ("", "missing"):
            url = f"http://127.0.0.1:{port}/{path}"
            subprocess.run(["curl", "-s", url], stdout=subprocess.DEVNULL, check=True, timeout=10)
    finally:
        server.terminate()
        server.wait(10)


def fork() -> None:
    """A server that forks for each connection, as sshd does."""
    listening = socket.create_server(LOOPBACK)
    clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
    for client in clients:
        connection, _ = listening.accept()
        if not os.fork():
            listening.close()
            connection.sendall(connection.recv(100).upper())
            connection.shutdown(socket.SHUT_WR)
            os._exit(3)
        connection.close()
        client.sendall(b"hello")
        assert client.recv(100) == b"HELLO"
        client.close()
        assert os.wait()[1] == 3 << 8


def threads() -> None:
    """Threads that wait for each other."""
    lock, turn = threading.Lock(), threading.Event()
    numbers: list[int] = []

    def work(number: int) -> None:
        turn.wait(10)
        for _ in range(20):
            with lock:
                numbers.append(number)
            os.getppid()
            time.sleep(0)

    started = [threading.Thread(target=work, args=(each,)) for each in range(4)]
    for each in started:
        each.start()
    turn.set()
    for each in started:
        each.join(10)
    assert len(numbers) == 80


def signals() -> None:
    """A handler, a blocked signal, an interrupted call, a child that is stopped and killed."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    os.kill(os.getpid(), signal.SIGUSR2)
    assert signal.sigwait({signal.SIGUSR2}) == signal.SIGUSR2
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.pause()
    child = subprocess.Popen(["sleep", "10"])
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    child.send_signal(signal.SIGCONT)
    child.kill()
    child.wait(10)


def sockets() -> None:
    """Pairs, datagrams, IPv6, options, epoll, poll and select."""
    one, other = socket.socketpair()
    one.sendmsg([b"ab", b"cd"])
    assert other.recvmsg(10)[0] == b"abcd"
    socket.send_fds(one, [b"x"], [0])
    os.close(socket.recv_fds(other, 1, 1)[1][0])
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(LOOPBACK)
    datagrams.sendto(b"to myself", datagrams.getsockname())
    assert datagrams.recvfrom(100)[0] == b"to myself"
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    datagrams.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as six:
        six.bind(("::1", 0))
        six.connect(("::1", 9))
    with socket.socket(socket.AF_UNIX) as local:
        with contextlib.suppress(OSError):
            local.connect("/nonexistent/socket")
        local.bind("\0fidelity")
    epoll = select.epoll()
    epoll.register(other, select.EPOLLIN)
    one.send(b"y")
    assert epoll.poll(1)
    polled = select.poll()
    polled.register(other, select.POLLIN | select.POLLHUP)
    assert polled.poll(100)
    assert select.select([other], [one], [], 0.1)[0]
    assert other.recv(1) == b"y"
    select.select([other], [], [], 0.01)


def names() -> None:
    """Files whose names are no plain text, and long strings."""
    for name in (b"a\nb", b"tab\t", b"\xff\xfe", b'quo"te', b"\\back", b"<angle>", b"\x011",
                 "ünï".encode(), b"x" * 200):  # fmt: skip
        fd = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
        os.write(fd, name * 3)
        os.pread(fd, 100, 0)
        os.ftruncate(fd, 5)
        os.close(fd)
        os.rename(name, name + b"2")
        os.setxattr(name + b"2", "user.a", b"\0\1") if hasattr(os, "setxattr") else None
        os.unlink(name + b"2")
    with contextlib.suppress(OSError):
        os.open(b"y" * 300, os.O_RDONLY)
    fd = os.open(".", os.O_TMPFILE | os.O_WRONLY)
    os.writev(fd, [b"one", b"two\n" * 20])
    os.lseek(fd, 0, os.SEEK_END)
    os.posix_fallocate(fd, 0, 4096)
    os.close(fd)


def memory() -> None:
    """mmap and its kin, limits, priorities, pipes."""
    with mmap.mmap(-1, 1 << 16) as area:
        area.madvise(mmap.MADV_DONTNEED)
        area.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.getrusage(resource.RUSAGE_SELF)
    os.sched_getaffinity(0)
    os.getpriority(os.PRIO_PROCESS, 0)
    ours, theirs = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    with contextlib.suppress(BlockingIOError):
        os.read(ours, 1)
    os.dup2(ours, 50)
    os.close_range(40, 60) if hasattr(os, "close_range") else os.closerange(40, 60)
    fd = os.memfd_create("m")
    os.sendfile(fd, os.open(__file__, os.O_RDONLY), 0, 100)
    os.uname()
    os.umask(0o22)
    os.statvfs(".")
    os.getrandom(8)
    time.clock_getres(time.CLOCK_MONOTONIC)
    os.close(theirs)


def rarer() -> None:
    """Calls that few programs make, by libc; whether they fail is all the same."""
    import ctypes
    import fcntl
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(4096)
    times = struct.pack("4q", 0, 1000, 1, 500)
    with open("a", "wb+") as file, open("b", "wb+") as other:
        fd, another = file.fileno(), other.fileno()
        file.write(b"some text\n")
        file.flush()
        inotify = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(inotify, b".", 0x300)
        os.close(os.open("c", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        os.read(inotify, 1000)
        timer = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC)
        libc.timerfd_settime(timer, 0, times, room)
        libc.timerfd_gettime(timer, room)
        os.read(timer, 8)
        event = libc.eventfd(3, os.O_NONBLOCK)
        os.write(event, struct.pack("q", 7))
        os.read(event, 8)
        libc.signalfd(-1, struct.pack("q", 1 << 9) + bytes(120), os.O_NONBLOCK)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(fd, fcntl.LOCK_EX, 4, 2)
        fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 30)
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
        fcntl.ioctl(fd, 0x80086601, room)  # FS_IOC_GETFLAGS
        os.fsync(fd)
        os.copy_file_range(fd, another, 5, 0)
        os.preadv(fd, [bytearray(3), bytearray(4)], 1)
        os.pwritev(fd, [b"x", b"yz"], 0)
        ours, theirs = os.pipe()
        libc.splice(fd, None, theirs, None, 3, 4)
        libc.tee(ours, theirs, 3, 2)
        libc.posix_fadvise(fd, 0, 0, 2)
        libc.sync_file_range(fd, 0, 0, 2)
        libc.fstatfs(fd, room)
        libc.futimens(fd, times)
        os.fchmod(fd, 0o600)
        os.fchown(fd, 1, -1)
    os.mkfifo("fifo", 0o600)
    libc.mknod(b"node", 0o20600, 0x103)
    os.link("a", "d", follow_symlinks=False)
    libc.renameat2(-100, b"a", -100, b"d", 2)
    libc.mount(b"none", b"/nowhere", b"tmpfs", 6, b"size=1m")
    libc.umount2(b"/nowhere", 2)
    libc.unshare(0x20000000 | 0x04000000)
    libc.prctl(15, b"another", 0, 0, 0)
    libc.prctl(16, room, 0, 0, 0)
    libc.prctl(38, 1, 0, 0, 0)
    libc.personality(0xFFFFFFFF)
    libc.capget(struct.pack("Ii", 0x20080522, 0), room)
    libc.sysinfo(room)
    libc.times(room)
    libc.getitimer(0, room)
    libc.sigaltstack(None, room)
    libc.syscall(332, -100, b"b", 0, 0x7FF, room) if os.uname().machine == "x86_64" else None
    libc.sched_getscheduler(0)
    libc.sched_setscheduler(0, 3, struct.pack("i", 0))
    libc.sched_getparam(0, room)
    libc.setpriority(0, 0, 1)
    os.getgroups()
    os.getresuid()
    os.setresgid(-1, 0, -1)
    if not os.fork():
        os.setsid()
        os._exit(0)
    os.wait()
    libc.shmctl(libc.shmget(0, 4096, 0o1600), 0, None)
    libc.semctl(libc.semget(0, 1, 0o1600), 0, 0)
    libc.msgctl(libc.msgget(0, 0o1600), 0, None)
    libc.mlock(room, 100)
    libc.mincore(ctypes.c_void_p(ctypes.addressof(room) & ~4095), 4096, room)
    libc.acct(b"/nowhere")
    libc.chroot(b"/nowhere")
    libc.syslog(0, None, 0)
    libc.clock_nanosleep(time.CLOCK_MONOTONIC, 0, struct.pack("2q", 0, 1000), room)
    libc.clock_settime(99, times)
    libc.pidfd_open(os.getpid(), 0)
    libc.ptrace(16, 0, None, None)
    libc.kill(0, 0)
    libc.tgkill(os.getpid(), os.getpid(), 0)
    libc.getcpu(room, None, None)
    libc.swapon(b"/nowhere", 0x8000)
    libc.sethostname(None, 1 << 20)
    libc.quotactl(0x80000700 - (1 << 32), b"/nowhere", 0, room)
    libc.syscall(9999, 1, 2, 3)


PROGRAMS = (http, fork, threads, signals, sockets, names, memory, rarer)

if __name__ == "__main__":
    next(each for each in PROGRAMS if each.__name__ == sys.argv[1])()
