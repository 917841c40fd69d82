"""What some processes cost that run side by side."""

import os
import pathlib
import select
import signal
import time

SAMPLE_EVERY_S = 1.0


class Cost:
    """Wall and CPU seconds and peak memory of child processes, from the start of the first to the end of the last, and
    the CPU seconds of the server meanwhile.

    `starts` are functions that start one process each. `sample`, if given, is called every second; `samples` has
    (seconds, what it returned). After `stop_after_s` the processes are sent SIGTERM, and was_stopped is true.
    """

    def __init__(self, starts, server_pid=None, sample=None, stop_after_s=None):
        self.exit_codes, self.samples, self.was_stopped = [], [], False
        self.client_cpu = self.peak_mib = 0.0
        server_before = cpu_seconds(server_pid)
        self.begin = time.monotonic()
        self.running = {}  # pidfd → process
        self.poller = select.poll()
        try:
            for start in starts:
                process = start()
                descriptor = os.pidfd_open(process.pid)
                self.running[descriptor] = process
                self.poller.register(descriptor, select.POLLIN)
            self.wait(sample, stop_after_s)
        finally:
            self.signal_all(signal.SIGKILL)
            for descriptor in list(self.running):
                self.reap(descriptor)
        self.seconds = time.monotonic() - self.begin
        self.server_cpu = cpu_seconds(server_pid) - server_before

    def wait(self, sample, stop_after_s):
        never = float("inf")
        next_sample = SAMPLE_EVERY_S if sample else never
        deadline = never if stop_after_s is None else stop_after_s
        while self.running:
            pause = min(next_sample, deadline) - self.elapsed()
            for descriptor, _ in self.poller.poll(None if pause == never else max(0, pause * 1000)):
                self.reap(descriptor)
            if self.elapsed() >= next_sample:
                self.samples.append((self.elapsed(), sample()))
                next_sample += SAMPLE_EVERY_S
            if self.elapsed() >= deadline:
                self.was_stopped, deadline = True, never
                self.signal_all(signal.SIGTERM)

    def elapsed(self):
        return time.monotonic() - self.begin

    def signal_all(self, number):
        for descriptor in self.running:
            signal.pidfd_send_signal(descriptor, number)

    def reap(self, descriptor):
        process = self.running.pop(descriptor)
        self.poller.unregister(descriptor)
        os.close(descriptor)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.exit_codes.append(process.returncode)
        self.client_cpu += usage.ru_utime + usage.ru_stime
        self.peak_mib = max(self.peak_mib, usage.ru_maxrss / 1024)


def cpu_seconds(pid):
    if pid is None:
        return 0.0
    after_name = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
