"""The load on `shop_api.py`: customers who come in waves, look, order and sometimes mistype."""

import http.client
import json
import math
import random
import select
import sys
import time

QUIET, BUSY = 3.0, 25.0
"""Requests per second between the waves and at their top."""

WAVE_SECONDS = 40.0
"""From one rush of customers to the next."""

VISITS = (
    (38, "GET", "/products"),
    (34, "POST", "/orders"),
    (10, "GET", "/health"),
    (12, "GET", "/report"),
    (4, "POST", "/restock"),
    (2, "GET", "/favicon.ico"),
)
"""How often each request is made, in percent."""


def rate(seconds: float) -> float:
    """How many requests a second are made `seconds` after the start."""
    wave = (1 - math.cos(2 * math.pi * seconds / WAVE_SECONDS)) / 2
    return QUIET + (BUSY - QUIET) * wave**3


def visit(shop: http.client.HTTPConnection) -> None:
    """Make one request and read its answer."""
    method, path = random.choices([(m, p) for _, m, p in VISITS], [w for w, _, _ in VISITS])[0]
    order = {"product": random.randint(1, 8), "amount": random.choice((1, 1, 2, 3, 5))}
    if random.random() < 0.02:
        del order["amount"]
    body = json.dumps(order) if method == "POST" else None
    shop.request(method, path, body)
    shop.getresponse().read()


def main(address: str) -> None:
    """Visit the shop at `address` until it closes its end of our standard input."""
    began = time.monotonic()
    shop = http.client.HTTPConnection(address, timeout=10)
    while True:
        pause = random.expovariate(rate(time.monotonic() - began))
        if select.select([sys.stdin], [], [], min(pause, 2.0))[0]:
            return
        visit(shop)


if __name__ == "__main__":
    main(sys.argv[1])
