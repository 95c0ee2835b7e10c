"""A call that a model wrote as Java or JavaScript, ``f(a="x", b=new int[]{1})``, as text.

BFCL reads them with tree-sitter and judges each argument by its source text. This reads the same
calls with a small grammar of its own: a call, its named arguments, and in those the expressions of
the language. Values stay the text they are; nothing is run.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from toolgrove.evaluators.bfcl.errors import NoCalls

__all__ = ["java_calls", "javascript_calls"]

Calls = list[dict[str, Any]]

_TOKENS = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*|/\*.*?\*/)+)
      | (?P<text>\"{3}.*?\"{3} | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `(?:[^`\\]|\\.)*`)
      | (?P<number>(?:\d[\w.]*(?:(?<=[eE])[+-]\d+)?|\.\d\w*))
      | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
      | (?P<sign>\.\.\.|\*\*|=>|->|::|[=!]==?|&&|\|\||\?\?|\+\+|--|[<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_BINARY = frozenset(
    ("+", "-", "*", "/", "%", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "=")
) | {"instanceof"}
_PREFIX = frozenset(("+", "-", "!", "~", "++", "--"))
_JS_BINARY = _BINARY | {"**", "===", "!==", "??", "=>"}
_JS_PREFIX = _PREFIX | {"typeof", "await", "async", "..."}
_JS_NUMBER = re.compile(r"0[xXoObB][\da-fA-F]+|[\d_]*\.?\d*(?:[eE][+-]?\d+)?n?")
_SHORTEST = 10  # tree-sitter gives up on Java without its semicolon up to this length


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def java_calls(source: str) -> Calls:
    """The call in Java source.

    Examples
    --------
    >>> java_calls('Db.find(table="users", ids=new int[] {1, 2})')
    [{'Db.find': {'table': 'users', 'ids': 'new int[]{1,2}'}}]
    """
    if len(source.encode()) <= _SHORTEST:
        raise NoCalls("no Java call")
    return _Source(source, java=True).calls()


def javascript_calls(source: str) -> Calls:
    """The call in JavaScript source.

    Examples
    --------
    >>> javascript_calls("find({x: 1}, ids=[1, 2], deep=true)")
    [{'find': {'ids': '[1, 2]', 'deep': 'true'}}]
    """
    return _Source(source, java=False).calls()


class _Source:
    """Source text with its tokens, and where in them we are."""

    def __init__(self, source: str, *, java: bool) -> None:
        self.java, self.at = java, 0
        self.source = source
        self.tokens = [
            _Token(found.lastgroup or "", found[0], found.start(), found.end())
            for found in _TOKENS.finditer(source)
            if found.lastgroup != "space"
        ]

    def calls(self) -> Calls:
        if self.java:
            self.unwrap()
        while not self.java and self.stands_alone():
            self.at += 1  # the name of a language, of a fence that was taken away
        start = self.at
        self.take_name()
        while self.peek() == ".":
            self.at += 1
            self.take_name()
        name = self.raw(start, self.at)
        arguments = self.arguments()
        if self.peek() not in ("", ";", ",") and not self.java:
            self.expression()  # a statement of its own, for want of a semicolon
        if self.peek() not in ("", ";"):
            raise NoCalls("more than one call")
        return [{name: arguments}]

    def stands_alone(self) -> bool:
        """Whether the next token is a word with a line, or a statement, of its own."""
        if self.kind() != "name" or self.at + 1 >= len(self.tokens):
            return False
        word, following = self.tokens[self.at : self.at + 2]
        if following.text == ";":
            del self.tokens[self.at + 1]
            return True
        return "\n" in self.source[word.end : following.start] and following.kind == "name"

    def unwrap(self) -> None:
        """Leave what BFCL looks into for the call: brackets around it, ``return``, ``x =``."""
        while self.tokens:
            first, last = self.tokens[0].text, len(self.tokens) - 1
            if first in _OPENING and self.closing(0) == last:
                self.tokens = self.tokens[1:-1]
            elif first == "return" or first in _PREFIX:
                self.tokens = self.tokens[1:]
            elif name := self.declared():
                self.tokens = self.tokens[name:]
            else:
                return

    def declared(self) -> int:
        """How many tokens ``Type name =`` or ``name =`` has where a call follows it; else 0."""
        texts = [token.text for token in self.tokens[:3]]
        names = [token.kind == "name" for token in self.tokens[:3]]
        if names[:2] == [True, True] and texts[2:] == ["="]:
            return 3
        return 2 if names[:1] == [True] and texts[1:2] == ["="] else 0

    def arguments(self) -> dict[Any, str]:
        found: dict[Any, str] = {}
        self.take("(")
        while self.peek() != ")":
            start = self.at
            self.expression()
            name, value = self.argument(start, self.at)
            if value is not None:
                if name in found:
                    raise NoCalls(f"{name} is given twice")
                found[name] = value
            if self.peek() != ")":
                self.take(",")
                if self.java and self.peek() == ")":
                    raise NoCalls("a comma too many")
        self.at += 1
        return found

    def argument(self, start: int, end: int) -> tuple[str | None, str | None]:
        """The name and the value of what stands there; no value where it does not count."""
        tokens = self.tokens[start:end]
        equals = next((i for i, t in enumerate(tokens) if t.text == "="), None)
        if equals is not None and all(t.kind == "name" or t.text == "." for t in tokens[:equals]):
            return self.raw(start, start + equals), self.value(start + equals + 1, end)
        alone = len(tokens) == 1 and (tokens[0].kind == "name") and tokens[0].text != "false"
        if alone and not (self.java and tokens[0].text in ("true", "null")):
            return None, tokens[0].text
        return None, None

    def value(self, start: int, end: int) -> str:
        if end <= start:
            raise NoCalls("an argument without a value")
        if not self.java:
            text = self.raw(start, end)
            quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
            return text[1:-1] if quoted else text
        if end - start == 1 and self.tokens[start].kind == "text":
            return self.raw(start, end)[1:-1]
        return self.java_text(start, end)

    def java_text(self, start: int, end: int) -> str:
        """Java source as BFCL joins it: tokens without space, but calls as they are written."""
        tokens = self.tokens[start:end]
        if tokens[0].text == "new":
            return self.java_new(start, end)
        if tokens[-1].text == ")" and tokens[0].kind == "name" and self.one_operand(start, end):
            return self.raw(start, end)
        return "".join(self.raw(i, i + 1) for i in range(start, end))

    def java_new(self, start: int, end: int) -> str:
        opened = next((i for i in range(start, end) if self.tokens[i].text in "([{"), end)
        kind = "".join(t.text for t in self.tokens[start + 1 : opened])
        if opened < end and self.tokens[opened].text == "[":
            rest = "".join(self.raw(i, i + 1) for i in range(opened, end))
            if not rest.startswith("[]{"):
                raise NoCalls("an array without its elements")
            return f"new {kind}{rest}"
        parts, close = [], self.closing(opened)
        first = opened + 1
        for i in range(opened + 1, close + 1):
            if i == close or (self.tokens[i].text == "," and self.depth(opened + 1, i) == 0):
                if i > first:
                    parts.append(self.java_text(first, i))
                first = i + 1
        # the body of an anonymous class is left out, as BFCL does
        return f"new {kind}({', '.join(parts)})"

    def one_operand(self, start: int, end: int) -> bool:
        place, self.at = self.at, start
        self.operand()
        reached, self.at = self.at, place
        return reached == end

    def expression(self) -> None:
        self.operand()
        binary = _BINARY | {"->"} if self.java else _JS_BINARY
        while self.peek() in binary or self.peek() == "?":
            sign = self.next().text
            if sign in ("=>", "->") and self.peek() == "{":
                self.at = self.closing(self.at) + 1
                continue
            self.operand()
            if sign == "?":
                self.take(":")
                self.operand()

    def operand(self) -> None:
        while self.peek() in (_PREFIX if self.java else _JS_PREFIX):
            self.at += 1
        token = self.next()
        if token.text == "new":
            self.new()
        elif token.text == "function" and not self.java:
            while self.peek() not in ("{", ""):
                self.at += 1
            self.at = self.closing(self.at) + 1
        elif token.text == "(":
            self.bracketed()
        elif token.text in ("[", "{") and not self.java:
            self.elements(token.text)
        elif token.text == "/" and not self.java:
            self.regex()
        elif token.kind not in ("name", "number", "text"):
            raise NoCalls(f"{token.text!r} is no value")
        elif not (self.java_literal(token) if self.java else self.js_literal(token)):
            raise NoCalls(f"{token.text!r} is no value of the language")
        self.postfix()

    def bracketed(self) -> None:
        """What follows an opening bracket: a value, a cast before one, a function's parameters."""
        opened = self.at - 1
        after = self.closing(opened) + 1
        follows = self.tokens[after] if after < len(self.tokens) else None
        if follows is not None and follows.text in ("=>", "->"):
            self.at = after
        elif self.java and follows is not None and follows.kind in ("name", "text", "number"):
            self.at = after
            self.operand()
        else:
            self.expression()
            self.take(")")

    def elements(self, opening: str) -> None:
        """What follows an opening bracket, up to the one that closes it, with commas between."""
        close = _OPENING[opening]
        while self.peek() != close:
            if self.peek() == "," and opening == "[" and not self.java:
                self.at += 1  # a hole
                continue
            if opening == "{" and self.java and self.peek() == "{":
                self.at += 1
                self.elements("{")
            elif opening == "{" and not self.java:
                self.member()
            else:
                self.expression()
            if self.peek() != close:
                self.take(",")
                if self.peek() == close and opening == "(" and self.java:
                    raise NoCalls("a comma too many")
        self.at += 1

    def member(self) -> None:
        """A member of an object: ``key: value``, ``name``, ``...others``."""
        key = self.next()
        if key.text == "...":
            self.operand()
        elif key.text == "[":
            self.elements("[")
        elif key.kind not in ("name", "number", "text") or not self.js_literal(key):
            raise NoCalls(f"{key.text!r} is no key")
        if self.peek() == "(":
            self.at = self.closing(self.at) + 1
            self.at = self.closing(self.at) + 1 if self.peek() == "{" else self.at
        elif self.peek() == ":":
            self.at += 1
            self.expression()
        elif key.kind != "name" and key.text != "...":
            raise NoCalls("a key without a value")

    @staticmethod
    def java_literal(token: _Token) -> bool:
        return token.text[0] != "`"

    @staticmethod
    def js_literal(token: _Token) -> bool:
        if token.kind == "number":
            return _JS_NUMBER.fullmatch(token.text) is not None
        one_line = token.text[0] == "`" or "\n" not in token.text
        return token.kind == "name" or (one_line and not token.text.startswith('"""'))

    def new(self) -> None:
        self.take_name()
        while self.peek() == "." or (self.java and self.peek() == "<"):
            if self.next().text == "<":
                while self.next().text != ">":
                    pass
            else:
                self.take_name()
        if self.peek() == "(":
            self.at += 1
            self.elements("(")
            if self.java and self.peek() == "{":  # the body of an anonymous class
                self.at = self.closing(self.at) + 1
            return
        while self.java and self.peek() == "[":
            self.at += 1
            self.elements("[")
        if self.java and self.peek() == "{":
            self.at += 1
            self.elements("{")

    def regex(self) -> None:
        while self.next().text != "/":
            pass
        if self.kind() == "name":
            self.at += 1

    def postfix(self) -> None:
        while self.peek() in (".", "(", "[", "::", "++", "--") or self.peek().startswith("`"):
            sign = self.next().text
            if sign == "[":
                self.expression()
                self.take("]")
            elif sign == "(":
                self.elements("(")
            elif sign in (".", "::"):
                self.take_name()

    def closing(self, opened: int) -> int:
        stack: list[str] = []
        for i in range(opened, len(self.tokens)):
            text = self.tokens[i].text
            if text in _OPENING:
                stack.append(_OPENING[text])
            elif text in (")", "]", "}"):
                if stack.pop() != text:
                    break
                if not stack:
                    return i
        raise NoCalls("brackets that do not close")

    def depth(self, start: int, end: int) -> int:
        texts = [t.text for t in self.tokens[start:end]]
        return sum(x in _OPENING for x in texts) - sum(x in (")", "]", "}") for x in texts)

    def peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise NoCalls("the call breaks off")
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, text: str) -> None:
        if self.next().text != text:
            raise NoCalls(f"no {text!r} where one was due")

    def take_name(self) -> None:
        if self.next().kind != "name":
            raise NoCalls("no name where one was due")

    def raw(self, start: int, end: int) -> str:
        """The source of these tokens; in Java cut as BFCL cuts it, by bytes."""
        first, last = self.tokens[start].start, self.tokens[end - 1].end
        if not self.java or self.source.isascii():
            return self.source[first:last]
        return self.source[len(self.source[:first].encode()) : len(self.source[:last].encode())]
