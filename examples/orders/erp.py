"""A small order system in the shape of a real ERP's API, held in memory: `python -m examples.orders.erp`.

    GET, POST       /api/orders  (?limit=N&customer=ID)
    GET, PUT, PATCH /api/orders/{order}
    GET, PUT        /api/customers/{customer}
    GET             /api/orders/{order}/invoice.pdf, /photo.png, /photo.jpg

It knows nothing of the gateway, asks nobody who they are, and shows everything: that is what the gateway is for.
"""

from __future__ import annotations

import argparse
import asyncio
from functools import partial

import msgspec
from aiohttp import web

from examples.orders import data, invoice, photo
from examples.orders.answers import as_json, errors_as_json, patched
from examples.orders.model import Customer, Order, to_json

LIMIT = 16 * 1024 * 1024


class OrderSystem:
    """The orders and customers of one running system."""

    def __init__(self) -> None:
        self.orders = data.orders()
        self.customers = data.customers()
        self.url = ""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/orders", self.list_orders),
            web.post("/api/orders", self.create_order),
            web.get("/api/orders/{order}", self.read_order),
            web.put("/api/orders/{order}", self.replace_order),
            web.patch("/api/orders/{order}", self.change_order),
            web.get("/api/customers/{customer}", self.read_customer),
            web.put("/api/customers/{customer}", self.replace_customer),
            web.get("/api/orders/{order}/invoice.pdf", self.invoice),
            web.get("/api/orders/{order}/photo.png", partial(self.photo, kind="PNG")),
            web.get("/api/orders/{order}/photo.jpg", partial(self.photo, kind="JPEG")),
        ]

    async def list_orders(self, request: web.Request) -> web.Response:
        limit, customer = request.query.get("limit", "50"), request.query.get("customer")
        if not limit.isascii() or not limit.isdigit():
            raise web.HTTPUnprocessableEntity(text="limit is a number")
        found = [order for order in self.orders.values() if customer in {None, order.customer.id}][: int(limit)]
        return as_json(request, to_json({"value": found, "count": len(found)}))

    async def create_order(self, request: web.Request) -> web.Response:
        number = f"SO-{1001 + len(self.orders)}"
        fields = msgspec.json.decode(await request.read(), type=dict[str, msgspec.Raw])
        order = self._checked(number, to_json(fields | {"id": number}))
        self.orders[number] = order
        response = as_json(request, to_json(order), status=201)
        response.headers["Location"] = f"{self.url}/api/orders/{number}"
        return response

    async def read_order(self, request: web.Request) -> web.Response:
        return as_json(request, to_json(self._order(request)))

    async def replace_order(self, request: web.Request) -> web.Response:
        return await self._store(request, await request.read())

    async def change_order(self, request: web.Request) -> web.Response:
        return await self._store(request, patched(to_json(self._order(request)), await request.read()))

    async def read_customer(self, request: web.Request) -> web.Response:
        return as_json(request, to_json(self._customer(request)))

    async def replace_customer(self, request: web.Request) -> web.Response:
        known = self._customer(request)
        customer = msgspec.json.decode(await request.read(), type=Customer)
        if customer.id != known.id:
            raise web.HTTPUnprocessableEntity(text="the id can't change")
        self.customers[known.id] = customer
        return as_json(request, to_json(customer))

    async def invoice(self, request: web.Request) -> web.Response:
        order = self._order(request)
        return _document(order, await asyncio.to_thread(invoice.render, order), "application/pdf")

    async def photo(self, request: web.Request, kind: str) -> web.Response:
        order = self._order(request)
        return _document(order, await asyncio.to_thread(photo.render, order, kind), f"image/{kind.lower()}")

    def _order(self, request: web.Request) -> Order:
        order = self.orders.get(request.match_info["order"])
        if order is None:
            raise web.HTTPNotFound(text="no such order")
        return order

    def _customer(self, request: web.Request) -> Customer:
        customer = self.customers.get(request.match_info["customer"])
        if customer is None:
            raise web.HTTPNotFound(text="no such customer")
        return customer

    async def _store(self, request: web.Request, body: bytes) -> web.Response:
        order = self._checked(self._order(request).id, body)
        self.orders[order.id] = order
        return as_json(request, to_json(order))

    def _checked(self, number: str, body: bytes) -> Order:
        order = msgspec.json.decode(body, type=Order)
        if order.id != number:
            raise web.HTTPUnprocessableEntity(text="the id can't change")
        if order.customer.id not in self.customers:
            raise web.HTTPUnprocessableEntity(text="no such customer")
        if not order.lines:
            raise web.HTTPUnprocessableEntity(text="an order has at least one line")
        return order


def _document(order: Order, body: bytes, content_type: str) -> web.Response:
    return web.Response(body=body, content_type=content_type, headers={"X-Customer-Id": order.customer.id})


async def start_erp(host: str = "127.0.0.1", port: int = 0) -> tuple[web.AppRunner, str]:
    """Start a fresh order system; port 0 takes a free one. Give its runner (call `cleanup`) and its base URL."""
    system = OrderSystem()
    app = web.Application(middlewares=[errors_as_json], client_max_size=LIMIT)
    app.add_routes(system.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    system.url = f"http://{host}:{runner.addresses[0][1]}"
    return runner, system.url


async def _serve(host: str, port: int) -> None:
    runner, url = await start_erp(host, port)
    print(f"order system on {url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description="A small order system, held in memory.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    asked = parser.parse_args()
    try:
        asyncio.run(_serve(asked.host, asked.port))
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
