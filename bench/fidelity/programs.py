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


if __name__ == "__main__":
    {each.__name__: each for each in (http, fork, threads, signals, sockets, names, memory)}[
        sys.argv[1]
    ]()
