"""
The pages of the documentation, taken apart: marked code blocks, links and headings.

A code block is marked by a comment on the line above its fence:

    <!-- file: shop/models.py -->        the block becomes this file of the page's project
    <!-- append: shop/settings.py -->    the block is added to it
    <!-- run -->                         commands behind "$ "; what is printed is compared, "..." stands for anything
    <!-- migration -->                   a whole migration, run and undone on the example project
    <!-- patch -->                       lines of a patch() on the example project, run and undone
    <!-- not run: why -->                left out, with the reason

    <!-- put the first migration into shop/migrations/0002_x.py -->     without a block: as the reader was told to

A page with ``<!-- begins after: other.md -->`` starts where the other page has ended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
PUT = re.compile(r"^<!-- put the first migration into (?P<path>\S+) -->$", re.MULTILINE)
BEGINS_AFTER = re.compile(r"^<!-- begins after: (?P<page>\S+) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: ``action`` is the first word of its mark, ``argument`` what follows the colon."""

    page: Page
    line: int
    language: str
    mark: str
    text: str

    @property
    def action(self) -> str:
        return self.mark.partition(":")[0]

    @property
    def argument(self) -> str:
        return self.mark.partition(":")[2].strip()

    @property
    def name(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(
                self, self.text.count("\n", 0, match.start()) + 1, match["language"], match["mark"] or "", match["text"]
            )
            for match in BLOCK.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """The text without its code."""
        return re.sub(r"`[^`\n]*`", "", BLOCK.sub("", self.text))

    @property
    def links(self) -> list[str]:
        return [match["target"] for match in LINK.finditer(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The names that headings can be linked by, as GitHub and GitLab make them."""
        headings = [match["text"] for match in HEADING.finditer(BLOCK.sub("", self.text))]
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    @property
    def begins_after(self) -> Page | None:
        found = BEGINS_AFTER.search(self.text)
        return Page((self.path.parent / found["page"]).resolve()) if found else None

    @property
    def steps(self) -> list[Block]:
        """The blocks that make up and use the page's project, in their order."""
        steps = [block for block in self.blocks if block.action in ("file", "append", "run")]
        for match in PUT.finditer(self.text):
            line = self.text.count("\n", 0, match.start()) + 1
            steps.append(Block(self, line, "python", f"file: {match['path']}", self.snippets[0].text))
        return sorted(steps, key=lambda block: block.line)

    @property
    def snippets(self) -> list[Block]:
        return [block for block in self.blocks if block.action in ("migration", "patch")]


def all_pages() -> list[Page]:
    return [Page(path) for path in [*sorted(ROOT.glob("README*.md")), *sorted(DOCS.rglob("*.md"))]]
