"""``--fix`` and ``--diff``: what the fixes make of the files in which something was found."""

import ast
import difflib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import BytesIO
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from tokenize import detect_encoding
from typing import TYPE_CHECKING, Any

from ..exceptions import CannotLint
from .evaluating import CannotEvaluate, evaluated
from .finding import Finding
from .project import Project
from .source import Source
from .subject import MigrationSubject, OperationSubject
from .walk import walk

if TYPE_CHECKING:
    from .rewriting import Rewriting

Where = tuple[str, str | None]  # path, operation


@dataclass(frozen=True)
class Rewrite:
    """A file as it becomes; ``mended`` are the findings that are gone then."""

    path: Path
    before: bytes
    after: bytes
    mended: tuple[Finding, ...]


@dataclass
class Fixes:
    """``left`` are the findings of rules with a fix that cannot be used here, each with the reason."""

    rewrites: list[Rewrite] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)

    @property
    def mended(self) -> list[Finding]:
        return [finding for rewrite in self.rewrites for finding in rewrite.mended]


def refuse_without_libcst() -> None:
    """Raise ``CannotLint`` where libcst, which keeps formatting and comments, is not installed."""
    if find_spec("libcst") is None:
        raise CannotLint(
            "--fix", "needs libcst, which is not installed.", "Nothing was changed.",
            "pip install 'reversible-migrations[lint]'",
        )  # fmt: skip


def planned_fixes(projects: Sequence[Project], findings: Sequence[Finding]) -> Fixes:
    """Return what the fixes make of the files of ``projects``; nothing is written yet."""
    from .fix import own_fixes

    fixable: dict[Where, list[Finding]] = {}
    for finding in findings:
        if finding.code in own_fixes() and finding.operation:
            fixable.setdefault((finding.path, finding.operation), []).append(finding)
    fixes, file = Fixes(), FileInHand()
    for seen in chain.from_iterable(map(walk, projects if fixable else ())):
        if isinstance(seen, OperationSubject):
            for finding in fixable.get((seen.migration.path, seen.path), ()):
                file.plan(finding, seen, fixes)
        elif isinstance(seen, MigrationSubject):
            file.finish(seen, fixes)
            file = FileInHand()
    return fixes


class FileInHand:
    """What is noted for the file of one migration, while its operations are gone through."""

    def __init__(self) -> None:
        self.rewriting: Rewriting | None = None
        self.mended: list[Finding] = []

    def plan(self, finding: Finding, subject: OperationSubject, fixes: Fixes) -> None:
        from .fix import own_fixes
        from .rewriting import CannotFix, Rewriting

        try:
            if subject.migration.source is None:
                raise CannotFix("its source was not found")
            if self.rewriting is None:
                self.rewriting = Rewriting(subject.migration.source)
            own_fixes()[finding.code].plan(finding, subject, self.rewriting)
        except CannotFix as why:
            fixes.left.append((finding, str(why)))
        else:
            self.mended.append(finding)

    def finish(self, migration: MigrationSubject, fixes: Fixes) -> None:
        if self.rewriting is None or not self.mended:
            return
        after = self.rewriting.result()
        if fault := fault_of(after, migration):
            fixes.left += [(finding, f"the file would be broken: {fault}") for finding in self.mended]
        else:
            path = Path(self.rewriting.source.path)
            fixes.rewrites.append(Rewrite(path, self.rewriting.before, after, tuple(self.mended)))


def fault_of(content: bytes, migration: MigrationSubject) -> str:
    """Return why no migration can be made of a file's new content, or ""."""
    text = text_of(content)
    try:
        ast.parse(text)
        evaluated(Source(migration.path, text), migration.app_label, migration.name)
    except (SyntaxError, CannotEvaluate) as error:
        return str(error)
    return ""


def text_of(content: bytes) -> str:
    encoding, _ = detect_encoding(BytesIO(content).readline)
    return content.decode(encoding)


def difference(rewrite: Rewrite) -> str:
    """Return what changes, as ``diff -u`` writes it."""
    name = relative(rewrite.path)
    before, after = (text_of(content).splitlines(keepends=True) for content in (rewrite.before, rewrite.after))
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def relative(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix().lstrip("/")


def write(rewrite: Rewrite) -> None:
    """
    Write a file through another one beside it, so that it is never half written.

    Raise ``CannotLint`` if the file is not as it was when it was read, or cannot be written.
    """
    path = rewrite.path.resolve()  # a link stays one
    beside: Any = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
            beside.write(rewrite.after)
        shutil.copymode(path, beside.name)
        if path.read_bytes() != rewrite.before:
            raise CannotLint(str(path), "changed meanwhile.", "It was not written.", "Run the command again.")
        Path(beside.name).replace(path)
        beside = None
    except OSError as error:
        todo = "See that the file and its folder may be written."
        raise CannotLint(str(path), f"cannot be written ({error.strerror}).", "It is as it was.", todo) from error
    finally:
        if beside is not None:
            Path(beside.name).unlink(missing_ok=True)
