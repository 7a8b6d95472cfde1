# Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
import gc
import os
import sys
import threading
import time


busy = "BUSY" in os.environ


def work():
    while True:
        if not busy:
            time.sleep(0.01)
        [str(i) for i in range(100)]


sys.stdin.readline()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
while True:
    time.sleep(0.05)
    gc.collect()
    print("tick", flush=True)
