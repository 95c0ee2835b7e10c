"""Secrets: found by name, sent to the origin that their owner named, and scrubbed everywhere else.

A tool's binding says which credential its API wants; it comes from a third party, so it does not
say where a secret may go. The owner does: in the environment ``TOOLGROVE_SECRET_<NAME>`` holds the
value and ``TOOLGROVE_ORIGIN_<NAME>`` the origins that may get it; in a keyring the entry's service
is ``toolgrove <origin>``.

``binding["security"]`` is a list of alternatives, each a list of credentials that are needed
together; an empty alternative is a call without any. A credential has ``secret`` (its name) and
the fields of OpenAPI's security scheme: ``type`` ``apiKey`` with ``in`` (``header``, ``query`` or
``cookie``) and ``name``, or ``type`` ``http`` with ``scheme`` ``bearer`` or ``basic`` (the secret
is then ``user:password``). ``oauth2`` and ``openIdConnect`` are sent as bearer tokens.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import threading
from collections import ChainMap, Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from toolgrove.data.records import JsonObject, Status
from toolgrove.data.secret_forms import SHORTEST, beginning, scrubbed
from toolgrove.tools.http.address import origin_of
from toolgrove.tools.http.request import Refused, Request

__all__ = ["SecretStore", "authorize", "may_be_set", "scrubbed_logs"]

_SECRET = "TOOLGROVE_SECRET_"
_ORIGIN = "TOOLGROVE_ORIGIN_"
_OWN = "_API_KEY"
_CODED, _CODED_OWN = _SECRET.encode(), _OWN.encode()
_USABLE = re.compile(r"(?:[A-Za-z-]+ )?[\x21-\x7e]+")
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2")
_FREE = re.compile(
    r"(?!(?i:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect)$)"
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
)


class SecretStore:
    """Secrets by name, each for the origins that its owner named.

    Parameters
    ----------
    environ : mapping or None
        Where ``TOOLGROVE_SECRET_…`` and ``TOOLGROVE_ORIGIN_…`` are looked up; None is the
        process's environment.

    Examples
    --------
    >>> store = SecretStore({"TOOLGROVE_SECRET_MAPS": "k-12345678",
    ...                      "TOOLGROVE_ORIGIN_MAPS": "https://maps.example"})
    >>> store.get("maps", "https://maps.example:443")
    'k-12345678'
    >>> store.get("maps", "https://evil.example:443")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    Refused: the secret MAPS is not for https://evil.example:443. ...
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._from_keyring: dict[str, str] = {}
        self._known: tuple[object, dict[str, str]] = (None, {})

    def get(self, name: str, origin: str) -> str:
        """The secret of a name for an origin.

        Raises
        ------
        Refused
            Where there is none, it is not for this origin, or it cannot be sent or scrubbed.
        """
        key = _key(name)
        value = self._environ.get(_SECRET + key)
        if value is None:
            value = self._kept(key, origin)
        elif origin not in self._origins(key):
            raise _refused(
                f"the secret {key} is not for {origin}. "
                f"Who runs this may send it there: {_ORIGIN}{key}={origin}"
            )
        if len(value) < SHORTEST or not _USABLE.fullmatch(value):
            raise _refused(
                f"the secret {key} cannot be used: it has to be {SHORTEST} or more printable "
                "ASCII characters without blanks, but for one after a word like Bearer, or it "
                "could not be told from other text"
            )
        return value

    def _origins(self, key: str) -> set[str]:
        found = set()
        for entry in self._environ.get(_ORIGIN + key, "").split():
            try:
                found.add(origin_of(entry))
            except ValueError:
                raise _refused(f"{_ORIGIN}{key} holds something that is no http(s) URL") from None
        return found

    def _kept(self, key: str, origin: str) -> str:
        service, value, why = f"toolgrove {origin}", None, ""
        try:
            import keyring  # optional: whoever keeps secrets there has it

            value = keyring.get_password(service, key)
        except ImportError:
            pass
        except Exception as error:  # backends raise what they like
            why = f" (which cannot be read here: {type(error).__name__})"
        if value is None:
            raise _refused(
                f"it needs a credential. Who runs this may give it: {_SECRET}{key}=… and "
                f"{_ORIGIN}{key}={origin}, or a keyring entry {key} of the service {service!r}{why}"
            )
        self._from_keyring[key] = value
        return str(value)

    def also(self, given: Mapping[str, str | tuple[str, str]]) -> SecretStore:
        """A store that has these, too: by name a value, or a value and the origins it is for.

        Examples
        --------
        >>> store = SecretStore({}).also({"maps": ("k-12345678", "https://maps.example")})
        >>> store.get("maps", "https://maps.example:443"), store.scrub("is k-12345678 it")
        ('k-12345678', 'is [secret MAPS] it')
        """
        if not given:
            return self
        added: dict[str, str] = {}
        for name, one in given.items():
            value, origins = (one, None) if isinstance(one, str) else one
            added[_SECRET + _key(name)] = value
            if origins is not None:
                added[_ORIGIN + _key(name)] = origins
        store = SecretStore(ChainMap(added, self._environ))  # type: ignore[arg-type]  # never written
        store._from_keyring = self._from_keyring  # what either learns is a secret to both
        return store

    def scrub(self, text: str) -> str:
        """A text in which every secret is replaced by its name (promise 13).

        Also found are its percent-encoded, JSON-escaped, HTML-escaped, hexadecimal and base64
        forms (:mod:`toolgrove.data.secret_forms`); other encodings are not.
        """
        values = self._values()
        return scrubbed(text, values) if values else text

    @property
    def known(self) -> bool:
        """Whether there is anything to scrub."""
        return bool(self._values())

    def begun(self, text: str) -> str:
        """The end of a text that may be the beginning of a secret; empty where none begins."""
        return beginning(text, self._values())

    def _values(self) -> dict[str, str]:
        """What is secret now: the environment may be another one at every tool call.

        CPython keeps that of the process in one dictionary, which is compared in no time.
        """
        kept = getattr(self._environ, "_data", None)
        seen = kept if isinstance(kept, dict) else _given(self._environ)
        if self._known[0] != (seen, self._from_keyring):
            values = _given(self._environ) | self._from_keyring
            longest_first = sorted(values.items(), key=lambda item: -len(item[1]))
            usable = {name: value for name, value in longest_first if len(value) >= SHORTEST}
            self._known = (dict(seen), dict(self._from_keyring)), usable
        return self._known[1]


def _key(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets of an environment as it is now, by name.

    Those of tools, and the keys that whoever runs this pays for models with. Walking ``os.environ``
    decodes each name in it; the same environment as bytes does not.
    """
    if environ is os.environ and os.supports_bytes_environ:
        coded = [n for n in os.environb if n.startswith(_CODED) or n.endswith(_CODED_OWN)]
        names = [os.fsdecode(name) for name in coded]
    else:
        names = [name for name in environ if name.startswith(_SECRET) or name.endswith(_OWN)]
    return {name.removeprefix(_SECRET): environ[name] for name in names}


def _refused(text: str) -> Refused:
    return Refused(Status.UNAUTHORIZED, text)


def authorize(
    request: Request, security: Any, origin: str, secret: Callable[[str, str], str]
) -> Request:
    """Add the credentials that a binding asks for; arguments never reach these places.

    Parameters
    ----------
    request : Request
        As built from the arguments.
    security : list of lists of mappings
        ``binding["security"]``: the first alternative whose secrets are there is used.
    origin : str
        Of the request.
    secret : callable
        Gives the secret of a name for an origin (:meth:`SecretStore.get`).

    Raises
    ------
    Refused
        Where no alternative can be met; the text is the first one's.
    """
    refused: Refused | None = None
    for alternative in security or [[]]:
        try:
            done = request
            for credential in alternative:
                value = secret(str(credential.get("secret", "")), origin)
                done = _with(done, credential, value)
            return done
        except Refused as error:
            refused = refused or error
    raise refused or _refused("its binding asks for credentials in a way that is not known")


def may_be_set(header: str) -> bool:
    """Whether a binding may name this header: a token, and nothing that frames the request."""
    return _FREE.fullmatch(header) is not None


def _with(request: Request, credential: JsonObject, value: str) -> Request:
    kind, place = credential.get("type"), credential.get("in")
    name = str(credential.get("name", ""))
    if kind == "apiKey" and place == "query" and name:
        joint = "&" if "?" in request.url else "?"
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        return replace(request, url=f"{request.url}{joint}{pair}")
    if kind == "apiKey" and place == "header" and may_be_set(name):
        return _with_header(request, name, value)
    if kind == "apiKey" and place == "cookie" and may_be_set(name):
        others = request.headers.get("Cookie")
        pair = f"{name}={quote(value, safe='')}"
        return _with_header(request, "Cookie", f"{others}; {pair}" if others else pair)
    if kind == "http" and str(credential.get("scheme", "")).lower() == "basic":
        coded = base64.b64encode(value.encode()).decode()
        return _with_header(request, "Authorization", f"Basic {coded}")
    if kind in ("http", "oauth2", "openIdConnect"):
        return _with_header(request, "Authorization", f"Bearer {value}")
    raise _refused("its binding asks for a credential in a place that is not known")


def _with_header(request: Request, name: str, value: str) -> Request:
    kept = {key: old for key, old in request.headers.items() if key.lower() != name.lower()}
    return replace(request, headers={**kept, name: value})


_scrubbing: Counter[Callable[[str], str]] = Counter()
_changing = threading.Lock()


@contextmanager
def scrubbed_logs(scrub: Callable[[str], str]) -> Iterator[None]:
    """Take secrets out of what httpx and httpcore log, for as long as this lasts.

    The loggers get one filter, however many runs want the same: each record passes all filters.
    """
    with _changing:
        if not _scrubbing:
            for name in _LOGGERS:
                logging.getLogger(name).addFilter(_clean)
        _scrubbing[scrub] += 1
    try:
        yield
    finally:
        with _changing:
            _scrubbing[scrub] -= 1
            if not _scrubbing[scrub]:
                del _scrubbing[scrub]
            if not _scrubbing:
                for name in _LOGGERS:
                    logging.getLogger(name).removeFilter(_clean)


def _clean(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    for scrub in list(_scrubbing):
        text = scrub(text)
    record.msg, record.args = text, ()
    return True
