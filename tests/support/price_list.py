"""AWS's price list as a server of its own, which speaks GetProducts as it is documented: the JSON 1.1 protocol,
filters on attributes, pages, and products as texts of JSON inside the answer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 2


def product(usage: str, price: str, **changes: Any) -> dict[str, Any]:
    """One product of the list: `usage` as on a bill, `price` in dollars an hour."""
    kind = changes.pop("kind", "BatchTransform")
    dimension = {
        "unit": "Hrs",
        "description": f"${price} per hour",
        "pricePerUnit": {"USD": price},
        **changes,
    }
    return {
        "product": {
            "productFamily": "ML Instance",
            "sku": usage,
            "attributes": {
                "servicecode": "AmazonSageMaker",
                "regionCode": "eu-west-1",
                "platoinstancetype": kind,
                "usagetype": usage,
                "operation": "RunInstance",
            },
        },
        "serviceCode": "AmazonSageMaker",
        "terms": {
            "OnDemand": {f"{usage}.JRTCKXETXF": {"priceDimensions": {f"{usage}.6YS6EN2CT7": dimension}}}
        },
    }


class PriceList:
    """The server on a free port. `products` is the whole list, `error` an AWS error to answer with instead."""

    def __init__(self) -> None:
        self.products: list[dict[str, Any] | str] = []
        self.error: tuple[int, str, str] | None = None
        self.asked: list[dict[str, Any]] = []
        self.signed_for: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer to one GetProducts."""
        self.asked.append(request)
        if self.error:
            status, code, message = self.error
            return status, {"__type": f"com.amazonaws.pricing#{code}", "Message": message}
        products = [
            product
            for product in self.products
            if isinstance(product, str) or _matches(product, request["Filters"])
        ]
        start = int(request.get("NextToken") or 0)
        texts = [
            product if isinstance(product, str) else json.dumps(product)
            for product in products[start : start + PAGE]
        ]
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(products) else {}
        return 200, {"FormatVersion": "aws_v1", "PriceList": texts, **more}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        prices = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
                prices.signed_for.add(self.headers["Authorization"].split("/")[2])
                status, body = prices.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler


def _matches(product: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    attributes = {**product["product"]["attributes"], "productFamily": product["product"]["productFamily"]}
    return all(
        item["Type"] == "TERM_MATCH" and attributes.get(item["Field"]) == item["Value"] for item in filters
    )
