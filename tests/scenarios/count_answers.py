#!/usr/bin/env python3
"""Opens connections (or sends datagrams from sockets) one after the other, asks each the same
question, and counts the answers: count_answers.py [--udp] PORT REQUEST ANSWER CONNECTIONS LEAST MOST

REQUEST and ANSWER are written as in Python's bytes literals; `dns:NAME` asks for an A record.
Ends with 0 when at least LEAST and at most MOST answers came. It waits 20 s for LEAST, and then a
moment longer, so that too many answers are seen too."""
import select
import socket
import sys
import time


def text(word):
    if word.startswith("dns:"):
        labels = b"".join(bytes([len(p)]) + p.encode() for p in word[4:].split("."))
        return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"
    return word.encode().decode("unicode_escape").encode("latin-1")


def main():
    words = sys.argv[1:]
    datagrams = words[0] == "--udp"
    if datagrams:
        words.pop(0)
    port, request, answer = int(words[0]), text(words[1]), text(words[2])
    count, least, most = (int(word) for word in words[3:6])
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    waiting = {}
    for _ in range(count):
        one = socket.socket(socket.AF_INET, kind)
        one.settimeout(10)
        one.connect(("127.0.0.1", port))
        one.sendall(request)
        waiting[one] = b""
    answered = 0
    deadline = time.monotonic() + 20
    in_time = False
    while waiting and time.monotonic() < deadline:
        if answered >= least and not in_time:
            in_time = True
            deadline = min(deadline, time.monotonic() + 0.3)
        ready, _, _ = select.select(list(waiting), [], [], 0.05)
        for one in ready:
            try:
                data = one.recv(65536)
            except OSError:
                data = b""
            waiting[one] += data
            if answer in waiting[one]:
                answered += 1
            if not data or answer in waiting[one]:
                del waiting[one]
    print(f"{answered} of {count} were answered, {least} to {most} expected")
    return 0 if least <= answered <= most else 1


sys.exit(main())
