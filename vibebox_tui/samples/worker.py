"""A worker that takes documents from a queue: reads, checks, compresses and hashes them.

It logs as such programs do: plain lines with a level on standard output, JSON records where a job
ends, warnings and errors, with their tracebacks, on standard error. Some documents are damaged, and
then the error is the one that the JSON parser really raised.
"""

import hashlib
import json
import random
import signal
import sys
import time
import traceback
import zlib
from typing import NoReturn

JOBS_PER_SECOND = 3.0
"""How often a document arrives, on average."""

DAMAGED = 0.06
"""The part of all documents that a transmission error has cut or altered."""

PATIENCE_SECONDS = 0.012
"""A job that takes longer is logged as a warning."""

TREES = ("ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "yew")


def say(level: str, message: str) -> None:
    """Log a plain line; what is worse than INFO goes to standard error."""
    stream = sys.stderr if level in {"WARN", "ERROR"} else sys.stdout
    print(f"{level:5} {message}", file=stream, flush=True)


def record(level: str, **facts: object) -> None:
    """Log a JSON record."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": now, "level": level, **facts}), flush=True)


def document(number: int) -> bytes:
    """The text of a document as it arrives, now and then with an error in it."""
    rows = [
        {"row": row, "tree": random.choice(TREES), "height": round(random.gauss(18, 6), 2)}
        for row in range(int(random.lognormvariate(6, 1)))
    ]
    text = json.dumps({"document": number, "rows": rows}).encode()
    if random.random() < DAMAGED:
        return text[: random.randrange(1, len(text))]
    return text


def work(text: bytes) -> dict[str, object]:
    """Check a document and pack it; raises what the parser raises."""
    rows = json.loads(text)["rows"]
    packed = zlib.compress(text, 9)
    tallest = max((row["height"] for row in rows), default=None)
    return {
        "rows": len(rows),
        "tallest": tallest,
        "bytes": len(text),
        "packed": len(packed),
        "sha256": hashlib.sha256(packed).hexdigest()[:12],
    }


def take(number: int) -> None:
    """Do one job from its arrival to its record."""
    text = document(number)
    say("DEBUG", f"job {number} taken, {len(text):,} bytes")
    began = time.perf_counter()
    try:
        result = work(text)
    except ValueError as error:
        say("ERROR", f"job {number} failed: {error}")
        traceback.print_exc(limit=1)
        sys.stderr.flush()
        return
    seconds = time.perf_counter() - began
    record("info", msg="job done", job=number, ms=round(seconds * 1000, 2), **result)
    if seconds > PATIENCE_SECONDS:
        say("WARN", f"job {number} was slow: {result['rows']} rows in {seconds * 1000:.0f} ms")


def end(*_: object) -> NoReturn:
    """Say goodbye when told to end."""
    say("INFO", "worker ends")
    raise SystemExit(0)


def main() -> None:
    """Take jobs for ever."""
    signal.signal(signal.SIGTERM, end)
    say("INFO", "worker waits for documents")
    number = 0
    while True:
        number += 1
        take(number)
        if number % 25 == 0:
            say("INFO", f"{number} jobs so far")
        time.sleep(random.expovariate(JOBS_PER_SECOND))


if __name__ == "__main__":
    main()
