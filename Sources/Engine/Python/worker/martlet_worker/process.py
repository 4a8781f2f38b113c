"""How the process depends on its engine, and how it ends."""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import sys
import threading

#: Seconds that exit handlers of user code may take.
EXIT_TIME = 5

_PR_SET_PDEATHSIG = 1

#: Options of glibc's mallopt(3): when to trim the heap, how much more to take than needed, and what to map by itself.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3

#: The largest value that glibc takes for the last.
_LARGEST_KEPT = 32 << 20


def die_with_parent() -> None:
    """Have Linux kill the worker when its engine dies, even in a task. Elsewhere the socket's end has to do."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def outlive_termination() -> None:
    """Leave it to the engine what SIGTERM means: Slurm, systemd and others send it to all processes at once, and the engine
    lets the task end first. Processes that user code starts or forks end with it as usual.
    """

    def ignore(number: int, frame: object) -> None:
        pass

    def in_main_thread() -> bool:
        return threading.current_thread() is threading.main_thread()

    # Not later and in the child: a signal that comes right after the fork would be lost.
    def before_fork() -> None:
        if in_main_thread() and signal.getsignal(signal.SIGTERM) is ignore:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            forking.append(True)

    def after_fork() -> None:
        if forking and in_main_thread():
            forking.clear()
            signal.signal(signal.SIGTERM, ignore)

    def in_child() -> None:
        forking.clear()
        if signal.getsignal(signal.SIGTERM) is ignore:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    forking: list[bool] = []
    signal.signal(signal.SIGTERM, ignore)
    os.register_at_fork(before=before_fork, after_in_parent=after_fork, after_in_child=in_child)


def reuse_memory() -> None:
    """Have glibc reuse the memory of large objects instead of returning it to the kernel and taking it anew: a page
    fault for every 4 kB costs more than filling it. Up to 32 MB stay with the worker after its largest task. Elsewhere
    the C library decides.
    """
    try:
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
    except (ImportError, OSError, AttributeError):
        return
    for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD, _M_TOP_PAD):
        mallopt(option, _LARGEST_KEPT)


def report_crashes() -> None:
    """Have a fatal signal print the Python stack on descriptor 2, wherever user code has sent ``sys.stderr``."""
    faulthandler.enable(2)


def leave(code: int = 0) -> None:
    """End the process after its exit handlers. Threads of user code are not awaited."""
    timer = threading.Timer(EXIT_TIME, os._exit, (code,))
    timer.daemon = True
    try:
        timer.start()
        atexit._run_exitfuncs()
    except BaseException:
        pass
    leave_now(code)


def leave_child(error: BaseException | None) -> None:
    """End a process that a task has forked as Python would, but without exit handlers: they are the parent's."""
    code = 0 if error is None else 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        import traceback

        traceback.print_exception(type(error), error, error.__traceback__)
    leave_now(code)


def leave_now(code: int) -> None:
    """End the process after flushing its output."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code)
