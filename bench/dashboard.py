#!/usr/bin/env python3
"""What the dashboard costs: bytes that it sends to the terminal and its share of a core.

    bench/dashboard.py [--seconds 60] [--size 120x40] [--keys KEYS] -- COMMAND…
    bench/dashboard.py -- ./synthsae dashboard --runs runs

Starts the command on a terminal of its own, types KEYS once it has drawn its first frame, waits until
it has settled, and then counts. Prints one JSON object: seconds, bytes_per_minute, writes_per_second
(reads of the terminal that found something), largest_write, cpu_share of one core, and resident_mib.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

SETTLE = 5.0


def cpu_seconds(pid):
    """User and system time of a process, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    """Resident memory of a process."""
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def read_for(terminal, seconds):
    """The lengths of what arrives within some seconds."""
    lengths, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            lengths.append(len(os.read(terminal, 1 << 16)))
    return lengths


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="120x40", help="columns x rows")
    parser.add_argument("--keys", default="", help="typed after the first frame")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.setdefault("TERM", "xterm-256color")
        os.execvp(options.command[0], options.command)

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        first = sum(read_for(terminal, SETTLE))
        os.write(terminal, options.keys.encode())
        read_for(terminal, SETTLE)
        cpu, start = cpu_seconds(pid), time.monotonic()
        lengths = read_for(terminal, options.seconds)
        seconds = time.monotonic() - start
        used = cpu_seconds(pid) - cpu
        result = {
            "size": options.size,
            "seconds": round(seconds, 1),
            "first_frame_bytes": first,
            "bytes_per_minute": round(sum(lengths) * 60 / seconds),
            "writes_per_second": round(len(lengths) / seconds, 2),
            "largest_write": max(lengths, default=0),
            "cpu_share": round(used / seconds, 4),
            "resident_mib": round(resident_mib(pid), 1),
        }
        print(json.dumps(result))
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main())
