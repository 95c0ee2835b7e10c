"""A secret as encoders and their successions spell it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

VALUE = 's3cr3t/+&"\\<k=12345'


def forms(value: str) -> dict[str, str]:
    data = value.encode()
    return {
        "plain": value,
        "quoted": quote(value),
        "quoted in lower case": quote(value, safe="").lower(),
        "form": quote_plus(value),
        "quoted twice": quote(quote(value, safe=""), safe=""),
        "JSON": json.dumps(value),
        "JSON in JSON": json.dumps(json.dumps({"a": value})),
        "repr": repr(value)[1:-1],
        "HTML": html.escape(value),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "base64": base64.b64encode(data).decode(),
        "urlsafe base64": base64.urlsafe_b64encode(data).decode(),
        "basic": base64.b64encode(b"user:" + data).decode(),
        "encodeURIComponent": quote(value, safe="!*'()~"),
        "encodeURI": quote(value, safe="!*'()~;/?:@&=+$,#"),
        "RFC 2396": quote(value, safe="").replace("~", "%7E"),
        "Java": quote_plus(value, safe="*").replace("~", "%7e"),
        "quoted four times": quote(quote(quote(quote(value, safe=""), safe=""))),
        "all percent": "".join(f"%{byte:02x}" for byte in data),
        "HTML numeric": "".join(f"&#{byte};" for byte in data),
        "HTML hexadecimal": "".join(f"&#x{byte:02X};" for byte in data),
        "HTML numeric for signs": "".join(c if c.isalnum() else f"&#{ord(c):03};" for c in value),
        "HTML twice": html.escape(html.escape(value)),
        "JSON by numbers": "".join(f"\\u{byte:04x}" for byte in data),
        "JSON three times": json.dumps(json.dumps(json.dumps([value]))),
        "JSON with slashes": json.dumps(json.dumps(value).replace("/", "\\/")),
        "JSON in HTML": html.escape(json.dumps(json.dumps(value))),
        "URL in JSON": json.dumps(f"https://x.example/?q={quote(value, safe='')}"),
        "hex by pairs": data.hex(" "),
        "wrapped base64": base64.encodebytes(b"." * 50 + data).decode(),
        "wrapped base64 in JSON": json.dumps(base64.encodebytes(b"." * 51 + data).decode()),
        "base64 in a URL": quote(base64.b64encode(data).decode(), safe=""),
        "base64, a character a line": "\r\n".join(base64.b64encode(data).decode()),
        "in base64, one on": base64.b64encode(b"x" + data + b"yz").decode(),
        "in base64, two on": base64.b64encode(b"xy" + data + b"z").decode(),
    }
