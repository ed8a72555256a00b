# Runs a program and tells what it took: measure.py RESULT PROGRAM [ARGUMENT...]. RESULT becomes one line of JSON.
# A SIGTERM to the group ends the program alone.
import json
import os
import signal
import sys
import time

result, program = sys.argv[1], sys.argv[2:]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
began_at, begun = time.time(), time.monotonic()
child = os.posix_spawnp(program[0], program, os.environ, setsigdef=[signal.SIGTERM])
_, status, usage = os.wait4(child, 0)
with open(result, 'w') as file:
    json.dump({
        'beganAtMs': began_at * 1000,
        'wallS': time.monotonic() - begun,
        'userS': usage.ru_utime,
        'systemS': usage.ru_stime,
        'rssBytes': usage.ru_maxrss * 1024,
        'status': os.waitstatus_to_exitcode(status),
    }, file)
