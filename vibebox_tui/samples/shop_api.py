"""A shop's web service over SQLite, and the customers who use it.

The service is an HTTP server on a free port of this machine; the load generator is a process of
its own that it starts with its address. Every line it logs is about a request that was made.
"""

import http.server
import itertools
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

SLOW_SECONDS = 0.04
"""A request that takes longer is logged as a warning."""

PRODUCTS = ("anvil", "bellows", "crucible", "drill", "easel", "file", "gauge", "hammer")


class OutOfStockError(Exception):
    """An order asks for more than there is."""


class Shop:
    """Products with their stock, and orders, in a database in memory; for one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.executescript(
            "create table products (id integer primary key, name text, stock integer);"
            "create table orders (id integer primary key, product integer, amount integer);"
        )
        rows = [(name, 40) for name in PRODUCTS]
        self._database.executemany("insert into products (name, stock) values (?, ?)", rows)
        orders = [(1 + number % len(PRODUCTS), 1 + number % 3) for number in range(700)]
        self._database.executemany("insert into orders (product, amount) values (?, ?)", orders)

    def products(self) -> list[dict[str, Any]]:
        """All products with their stock."""
        with self._lock:
            rows = self._database.execute("select id, name, stock from products").fetchall()
        return [{"id": key, "name": name, "stock": stock} for key, name, stock in rows]

    def order(self, product: int, amount: int) -> dict[str, Any]:
        """Sell `amount` of `product`, or raise `OutOfStockError`."""
        with self._lock, self._database:
            query = "select name, stock from products where id = ?"
            name, stock = self._database.execute(query, (product,)).fetchone()
            if stock < amount:
                raise OutOfStockError(f"{amount} × {name} ordered, {stock} in stock")
            update = "update products set stock = stock - ? where id = ?"
            self._database.execute(update, (amount, product))
            insert = "insert into orders (product, amount) values (?, ?)"
            order = self._database.execute(insert, (product, amount)).lastrowid
        return {"order": order, "product": name, "amount": amount}

    def restock(self) -> int:
        """Fill up what has run low; returns how many products that were."""
        with self._lock, self._database:
            update = "update products set stock = 40 where stock < 5"
            return self._database.execute(update).rowcount

    def report(self) -> dict[str, Any]:
        """What sells together: a join of the last orders with each other, which takes a while."""
        query = (
            "select count(*), avg(a.amount * b.amount) from orders a, orders b"
            " where a.product < b.product and a.id > (select max(id) - 700 from orders)"
        )
        with self._lock:
            pairs, average = self._database.execute(query).fetchone()
        return {"pairs": pairs, "average": average}


class Requests(http.server.BaseHTTPRequestHandler):
    """Routes a request to the shop and logs it with its status and the time it took."""

    shop: Shop
    numbers = itertools.count(1)
    log_lock = threading.Lock()
    """A line that is printed while another thread prints may come twice, or joined to its."""

    def do_GET(self) -> None:
        """GET /health, /products, /report."""
        match self.path:
            case "/health":
                self._answer(lambda: {"status": "ok"})
            case "/products":
                self._answer(self.shop.products)
            case "/report":
                self._answer(self.shop.report)
            case _:
                self._answer(None)

    def do_POST(self) -> None:
        """POST /orders with {product, amount}; POST /restock."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        match self.path:
            case "/orders":
                self._answer(lambda: self.shop.order(body["product"], body["amount"]))
            case "/restock":
                self._answer(lambda: {"restocked": self.shop.restock()})
            case _:
                self._answer(None)

    def _answer(self, action: Any) -> None:
        began = time.perf_counter()
        status, body, problem = self._outcome(action)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self._log(status, time.perf_counter() - began, problem)

    def _outcome(self, action: Any) -> tuple[HTTPStatus, Any, str]:
        if action is None:
            return HTTPStatus.NOT_FOUND, {"error": "not found"}, "no such page"
        try:
            return HTTPStatus.OK, action(), ""
        except OutOfStockError as error:
            return HTTPStatus.CONFLICT, {"error": str(error)}, str(error)
        except KeyError as error:
            return HTTPStatus.BAD_REQUEST, {"error": f"no {error}"}, f"the order has no {error}"

    def _log(self, status: HTTPStatus, seconds: float, problem: str) -> None:
        slow = seconds > SLOW_SECONDS
        level = "ERROR" if status == 409 else "WARN " if status >= 400 or slow else "INFO "
        what = f"{self.command} {self.path} {int(status)} {seconds * 1000:.1f}ms"
        note = f" {problem or 'slow'}" if problem or slow else ""
        stream = sys.stderr if level == "ERROR" else sys.stdout
        with self.log_lock:
            print(f"{level} #{next(self.numbers)} {what}{note}", file=stream, flush=True)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave out the base class's own line: ours knows how long it took."""


def end(*_: object) -> NoReturn:
    """End quietly when told to; the load generator ends with its pipe."""
    raise SystemExit(0)


def main() -> None:
    """Serve until told to end."""
    signal.signal(signal.SIGTERM, end)
    Requests.shop = Shop()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    address = f"127.0.0.1:{server.server_port}"
    print(f"INFO  shop-api listens on {address}", flush=True)
    customers = Path(__file__).with_name("customers.py")
    with subprocess.Popen([sys.executable, str(customers), address], stdin=subprocess.PIPE):
        server.serve_forever(poll_interval=5)


if __name__ == "__main__":
    main()
