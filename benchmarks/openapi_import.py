"""What it costs to import one large OpenAPI document, each time in a process of its own.

    python benchmarks/openapi_import.py api.github.com.json
    python benchmarks/openapi_import.py api.github.com.json --peer OTHER_ENV/bin/python

Prints one JSON line. With ``--peer`` FastMCP's ``from_openapi`` is measured in that environment.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

_OURS = """
import resource, sys, time
import json
from toolgrove.data import codec
from toolgrove.data.formats.openapi import load_openapi
began = time.process_time()
loaded = load_openapi(sys.argv[1])
seconds = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu_seconds": seconds, "peak_mib": peak, "tools": len(loaded.specs),
    "left": len(loaded.left), "output_schema_bytes": sum(
        len(codec.dumps(spec.returns)) for spec in loaded.specs if spec.returns)}))
"""

_PEER = """
import asyncio, json, resource, sys, time
import httpx2
from fastmcp import FastMCP
began = time.process_time()
server = FastMCP.from_openapi(json.load(open(sys.argv[1])),
    client=httpx2.AsyncClient(base_url="https://api.example"))
seconds = time.process_time() - began
tools = asyncio.run(server.list_tools())
listed = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu_seconds": seconds, "listed_cpu_seconds": listed, "peak_mib": peak,
    "tools": len(tools),
    "output_schema_bytes": sum(len(json.dumps(tool.output_schema)) for tool in tools
        if tool.output_schema)}))
"""


def measured(python: str, script: str, path: str, times: int) -> dict[str, Any]:
    """The medians of several processes."""
    runs = []
    for _ in range(times):
        done = subprocess.run(
            [python, "-c", script, path], check=True, capture_output=True, text=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("document")
    parser.add_argument("--peer", help="a Python that has fastmcp")
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "openapi_import", "runs": asked.times}
    result["toolgrove"] = measured(sys.executable, _OURS, asked.document, asked.times)
    if asked.peer:
        result["fastmcp"] = measured(asked.peer, _PEER, asked.document, 1)
        ratio = result["fastmcp"]["cpu_seconds"] / result["toolgrove"]["cpu_seconds"]
        result["ratio_cpu"] = round(ratio, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
