"""Run a command and tell how long it took, its peak memory and its exit code, as JSON in a file.

    python -I -S launch.py FILE COMMAND…

A small process of its own: what the kernel calls a child's peak memory is never below its parent's, and the benchmark
is large. The seconds are those between start and end of the command, this interpreter's own start not included.
"""

import json
import os
import sys
import time

began = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
answer = {
    "seconds": seconds,
    "peak_kib": usage.ru_maxrss,
    "cpu": usage.ru_utime + usage.ru_stime,
    "exit": os.waitstatus_to_exitcode(status),
}
with open(sys.argv[1], "w") as file:  # noqa: PTH123 - pathlib would take longer to import than all the rest
    file.write(json.dumps(answer))
