"""The program in a process that a sandbox holds: it runs code, and sends the calls of it out.

It is run by itself, from its text, so it imports nothing of Toolgrove. Once it is ready it says so.
Then a line of JSON comes in with the code; lines go out that are calls, each of which is answered
by a line; the last one says what the code came to. Who reads them trusts nothing of it.
"""

import ast
import builtins
import io
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any


class Printed(io.TextIOBase):
    """What is printed, up to a limit."""

    def __init__(self, most: int) -> None:
        self.parts: list[str] = []
        self.left = most

    def write(self, text: str) -> int:
        if self.left:
            self.parts.append(text[: self.left])
            self.left = max(0, self.left - len(text))
            if not self.left:
                self.parts.append("\n[What it printed after that is left out.]")
        return len(text)


def as_json(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumped(value: Any) -> str:
    return json.dumps(value, default=as_json, allow_nan=False)


def function(name: str, read: Callable[[], str], write: Callable[[str], None]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            line = dumped({"call": name, "args": args, "kwargs": kwargs})
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"{name}(): the arguments are no JSON: {error}") from None
        write(line)
        answer = json.loads(read())
        if "raises" in answer:
            raise getattr(builtins, answer["raises"])(answer["message"]) from None
        return answer["gives"]

    call.__name__ = name
    return call


def ran(code: str, scope: dict[str, Any]) -> Any:
    """What the last line of the code is worth, where that is an expression."""
    tree = ast.parse(code, "code")
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "code", "exec"), scope)
        return None
    del tree.body[-1]
    exec(compile(tree, "code", "exec"), scope)
    return eval(compile(ast.Expression(last.value), "code", "eval"), scope)


def frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Where in the code an error was."""
    return [one for one in traceback.extract_tb(error.__traceback__) if one.filename == "code"]


def told(error: BaseException) -> str:
    """An error for who wrote the code: its line, its kind, and what it says."""
    lines = [one.lineno for one in frames(error)]
    line, said = lines[-1] if lines else None, str(error)
    if isinstance(error, SyntaxError):
        line, said = error.lineno, error.msg
    return f"line {line}: {type(error).__name__}: {said}"[:2000]


def main() -> None:
    wire_in, wire_out = sys.stdin, sys.stdout

    def write(line: str) -> None:
        wire_out.write(line + "\n")
        wire_out.flush()

    write(dumped({"ready": True}))
    given = json.loads(wire_in.readline())
    printed = Printed(given["output"])
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), printed, printed
    scope = {name: function(name, wire_in.readline, write) for name in given["functions"]}
    value: Any = None
    error = ""
    try:
        value = ran(given["code"], {"__name__": "__main__", **scope})
        dumped(value)
    except (TypeError, ValueError, RecursionError) as failed:
        if frames(failed) or isinstance(failed, SyntaxError):
            error = told(failed)
        else:  # the code came to its end, and gave what is no JSON
            value = repr(value)[:10000]
    except BaseException as failed:
        error = told(failed)
    write(dumped({"output": "".join(printed.parts), "value": value, "error": error}))


if __name__ == "__main__":
    main()
