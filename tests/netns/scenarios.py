# SPDX-License-Identifier: BSD-2-Clause
"""Runs scenarios side by side. They hold real kernels to fractions of a second, which a machine that
stands still cannot keep: one that failed while a processor stood still is run again, said aloud.
What fails on a machine that went on, or again and again, has failed."""
import concurrent.futures
import contextlib
import functools
import os
import subprocess
import sys
import threading
import time
import traceback

NAP = 0.01
STANDSTILL = 0.04  # seconds, less than the narrowest bound of any scenario
ATTEMPTS = 4
PRIORITY = -10


class Standstills:
    """When the processors let nobody of our priority run: a process on each of them that only naps
    and looks at the clock."""

    def __init__(self):
        self.lock = threading.Lock()
        self.found = []
        self.watchers = [
            subprocess.Popen([sys.executable, os.path.abspath(__file__), "watch", str(cpu)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for cpu in os.sched_getaffinity(0)]
        for watcher in self.watchers:
            watcher.stdout.readline()  # it has begun
            threading.Thread(target=self.listen, args=(watcher,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for watcher in self.watchers:
            watcher.kill()
            watcher.wait()

    def listen(self, watcher):
        for line in watcher.stdout:
            begun, ended = map(float, line.split())
            with self.lock:
                self.found.append((begun, ended))

    def longest(self, begun, ended):
        """The longest of them between these times, in seconds; 0 none."""
        time.sleep(10 * NAP)  # what ended just now is still to be told
        with self.lock:
            return max((until - since for since, until in self.found
                        if until > begun and since < ended), default=0)


def watch(cpu):
    """Prints from when to when nothing ran here, until standard input is closed."""
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {cpu})
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    last = time.monotonic()
    print("ready", flush=True)
    while True:
        time.sleep(NAP)
        now = time.monotonic()
        if now - last > NAP + STANDSTILL:
            print(last, now, flush=True)
        last = now


class Attempt:
    """One scenario, played once."""

    def __init__(self, name, play):
        self.name = name
        self.begun = time.monotonic()
        self.error = None
        try:
            play()
        except Exception as error:
            self.error = error
        self.ended = time.monotonic()

    def tell(self):
        print("ok -" if self.error is None else "not ok -", self.name,
              f"({self.ended - self.begun:.1f} s)", flush=True)
        if self.error is not None:
            traceback.print_exception(self.error)


def play_round(chosen, standstills, last, tell):
    """Plays all of them at once; returns the names of those that failed, and of those that are to
    be played again."""
    failed, again = [], []
    with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
        running = [pool.submit(Attempt, name, play) for name, play in chosen.items()]
        for future in concurrent.futures.as_completed(running):
            attempt = future.result()
            still = attempt.error and not last and standstills.longest(attempt.begun, attempt.ended)
            if still:
                again.append(attempt.name)
                print(f"again - {attempt.name}: the machine stood still for {still:.2f} s; "
                      f"{type(attempt.error).__name__}: {attempt.error}", flush=True)
                continue
            failed += [attempt.name] if attempt.error else []
            tell(attempt)
    return failed, again


def run(chosen, tell=Attempt.tell):
    """Plays a dict of name: function without arguments, which raises what is wrong. `tell` prints an
    Attempt that stands. Returns the exit status."""
    if not chosen:
        sys.exit("no scenario has this name")
    with contextlib.suppress(PermissionError):  # what else is tested meanwhile can wait
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    failed = []
    with Standstills() as standstills:
        for number in range(ATTEMPTS):
            more, again = play_round(chosen, standstills, number == ATTEMPTS - 1, tell)
            failed += more
            chosen = {name: chosen[name] for name in again}
            if not chosen:
                break
    return 1 if failed else 0


def named(functions):
    """Of a dict as for run(), what has one of the command line's words in its name; all of it where
    there are none."""
    return {name: play for name, play in functions.items()
            if not sys.argv[1:] or any(word in name for word in sys.argv[1:])}


def by_family(functions, lab=None):
    """A dict as for run(): each function of an address family, with IPv4 and with IPv6; with `lab`,
    of a lab of its own and a family."""
    def play(function, family):
        if lab is None:
            return function(family)
        with lab() as inside:
            return function(inside, family)
    return {f"{function.__name__}, IPv{family}": functools.partial(play, function, family)
            for function in functions for family in (4, 6)}


if __name__ == "__main__":
    watch(int(sys.argv[2]))
