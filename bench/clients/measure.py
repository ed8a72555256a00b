# Runs a program and tells what it took: measure.py RESULT PROGRAM [ARGUMENT...]. RESULT becomes one line of JSON.
import json
import os
import sys
import time

result, program = sys.argv[1], sys.argv[2:]
begun = time.monotonic()
child = os.posix_spawnp(program[0], program, os.environ)
_, status, usage = os.wait4(child, 0)
with open(result, 'w') as file:
    json.dump({
        'wallS': time.monotonic() - begun,
        'userS': usage.ru_utime,
        'systemS': usage.ru_stime,
        'rssBytes': usage.ru_maxrss * 1024,
        'status': os.waitstatus_to_exitcode(status),
    }, file)
