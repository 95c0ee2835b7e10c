"""The site: every page has its place, every word its page, and reading it fetches nothing."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)=\"?((?:https?:)?//[^\"> ]+)"
)


def places(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from places(below)
    elif isinstance(nav, list):
        for below in nav:
            yield from places(below)


def test_every_page_has_one_place() -> None:
    assert sorted(places(SITE["nav"])) == PAGES


def test_every_face_has_its_page() -> None:
    pages = {page.stem: page.read_text(encoding="utf-8") for page in DOCS.glob("api/*.md")}
    assert len(pages) == 7
    for name, text in pages.items():
        face = name if name == "toolgrove" else f"toolgrove.{name}"
        assert re.findall(r"^::: (\S+)$", text, re.MULTILINE) == [face]


def test_every_word_has_a_page_that_tells_more() -> None:
    rows = re.findall(r"^\| (.+) \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)[1:]
    assert len(rows) > 30
    for row in rows:
        word, meaning, more = row.split(" | ")
        page = re.fullmatch(r"\[[^\]]+\]\(([\w-]+\.md)(#[\w-]+)?\)", more)
        assert meaning, word
        assert page, word
        assert (DOCS / page[1]).is_file(), word


def test_no_page_asks_for_a_picture_from_elsewhere() -> None:
    assert SITE["theme"]["font"] is False
    assert "repo_url" not in SITE  # its stars would be asked for
    for page in PAGES:
        assert not re.findall(r"!\[[^\]]*\]\(\w+:", (DOCS / page).read_text(encoding="utf-8")), page


def test_the_site_is_built_strictly_and_reading_it_fetches_nothing(tmp_path: Path) -> None:
    for module in ("zensical", "mkdocstrings"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: it is in the extra docs")
    config = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    config = re.sub(r'^site_dir = ".*"$', 'site_dir = "site"', config, flags=re.MULTILINE)
    config = config.replace('"src"', f'"{ROOT / "src"}"')
    shutil.copytree(DOCS, tmp_path / "docs")  # the site's pages have to lie below its settings
    (tmp_path / "zensical.toml").write_text(config, encoding="utf-8")
    line = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    built = sorted((tmp_path / "site").rglob("*.html"))
    assert len(built) > len(PAGES)
    for page in built:
        assert not FETCHED.findall(page.read_text(encoding="utf-8")), page
    agent = (tmp_path / "site" / "api" / "agent.html").read_text(encoding="utf-8")
    assert "Answers requests by searching over tool calls" in agent
    assert ":class:" not in agent
