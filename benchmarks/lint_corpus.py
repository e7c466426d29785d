"""
``python -m benchmarks.lint_corpus FOLDER``: lint the migrations of known projects, and write what is found in figures.

The projects are installed below FOLDER, pinned, with an interpreter of their own: nothing of them comes near this
environment. They are read from source, and those that go together in one project are loaded too. Samples of the
findings and of the migrations without any are written to FOLDER/sample.md, to be read by hand.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"
FIGURES = ROOT / "docs" / "explanation" / "lint-figures.md"
FAILED_RULE = "RM003"
NOT_THEIRS = (
    "django",
    "reversible_migrations",
    "test",
    "tests",
    "testapp",
    "sample_taggit",
)  # folders that are left out


@dataclass(frozen=True)
class Run:
    """
    What one run of the lint found; ``crash`` is what it said instead, if it did not end as it should.

    ``seconds`` pass on the wall, ``busy`` are those of the processor: other work on the machine moves them less.
    ``start`` are those of ``busy`` that Python and Django need to be there at all.
    """

    name: str
    seconds: float
    busy: float
    migrations: int
    findings: Sequence[dict[str, Any]]
    crash: str
    start: float = 0

    def counts(self) -> Counter[str]:
        return Counter(finding["code"] for finding in self.findings)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.lint_corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the projects are installed, or were by the last run")
    parser.add_argument("--size", type=int, default=100, help="of each sample (100)")
    parser.add_argument("--seed", type=int, default=1, help="of the samples (1)")
    parser.add_argument("--output", type=Path, default=FIGURES, help="the page of figures")
    parser.add_argument("--check", action="store_true", help="fail if other findings are on the page; write nothing")
    options = parser.parse_args()
    folder = options.folder.resolve()
    install(folder)
    migrations = sorted(migrations_in(folder / "packages"))
    runs = [read_from_source(folder, migrations), loaded(folder)]
    if options.check:
        sys.exit(differences(options.output.read_text(), runs) or any(run.crash for run in runs))
    options.output.write_text(page(runs, migrations, folder))
    (folder / "sample.md").write_text(samples(runs, migrations, options.size, options.seed))
    for run in runs:
        said = f"CRASHED: {run.crash}" if run.crash else f"{len(run.findings)} findings"
        print(f"{run.name}: {run.migrations} migrations in {run.seconds:.1f} s, {said}")
    print(f"Wrote {options.output} and {folder / 'sample.md'}")
    sys.exit(any(run.crash for run in runs))


# The projects


def install(folder: Path) -> None:
    """Install the projects below ``folder``, unless they are there as pinned."""
    pins = "".join((CORPUS / name).read_text() for name in ("installed.txt", "alone.txt"))
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == pins:
        return
    venv.create(folder / "venv", with_pip=True, clear=True)
    # Outside site-packages: what lies there is somebody else's, and is not read from source.
    pip = [python(folder), "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder / "packages")]
    pip += ["--require-hashes"]
    subprocess.run([*pip, "-r", str(CORPUS / "installed.txt")], check=True)
    subprocess.run([*pip, "--no-deps", "-r", str(CORPUS / "alone.txt")], check=True)
    stamp.write_text(pins)


def python(folder: Path) -> str:
    return str(folder / "venv" / "bin" / "python")


def migrations_in(packages: Path) -> Iterable[Path]:
    """Yield the files of the projects' migrations; those of Django and of tests are left out."""
    for path in packages.rglob("migrations/[!_]*.py"):
        parts = path.relative_to(packages).parts
        is_theirs = not any(part in NOT_THEIRS for part in parts)
        if is_theirs and "class Migration" in path.read_text():
            yield path


# The runs


def read_from_source(folder: Path, migrations: Sequence[Path]) -> Run:
    run = lint(folder, "from source", ["-m", "reversible_migrations.lint", *map(str, migrations)])
    return replace(run, migrations=len(migrations), start=busy_with(folder, f"{CONFIGURED}; {SET_UP}"))


def loaded(folder: Path) -> Run:
    command = ["-m", "django", "check_reversibility", "--all-apps", "--settings", "benchmarks.corpus.settings"]
    run = lint(folder, "loaded", command)
    code = (
        "import django; django.setup(); from reversible_migrations.lint.project import loaded_project as load; "
        "print(len(load(all_apps=True).migrations))"
    )
    environment = {**surroundings(folder), "DJANGO_SETTINGS_MODULE": "benchmarks.corpus.settings"}
    counted = subprocess.run(
        [python(folder), "-c", code], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )
    return replace(run, migrations=int(counted.stdout or 0), start=busy_with(folder, SET_UP, environment))


SET_UP = "import django; django.setup()"
CONFIGURED = "from django.conf import settings; settings.configure(INSTALLED_APPS=['reversible_migrations'])"


def busy_with(folder: Path, code: str, environment: dict[str, str] | None = None) -> float:
    """Return the seconds of the processor that Python needs for some code."""
    used = of_processor()
    subprocess.run([python(folder), "-c", code], check=True, env=environment or surroundings(folder), cwd=folder)
    return of_processor() - used


def lint(folder: Path, name: str, command: Sequence[str]) -> Run:
    """Run the lint in a process of its own, and measure it with the start of Python and Django."""
    began, used = time.monotonic(), of_processor()
    done = subprocess.run(
        [python(folder), *command, "--format", "json"], capture_output=True, text=True, check=False,
        env=surroundings(folder), cwd=folder,
    )  # fmt: skip
    seconds, busy = time.monotonic() - began, of_processor() - used
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        return Run(name, seconds, busy, 0, (), done.stderr.strip() or f"exit status {done.returncode}")
    findings = json.loads(done.stdout)["findings"]
    failed = [finding["message"] for finding in findings if finding["code"] == FAILED_RULE]
    return Run(name, seconds, busy, 0, findings, "; ".join(failed))


def of_processor() -> float:
    """Return the seconds of the processor that processes started from here have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder / "packages"), str(ROOT)))}


# What is written


PAGE = """\
# Figures of the lint

`python -m benchmarks.lint_corpus FOLDER` installs the projects below, pinned in `benchmarks/corpus/`, reads all their
migrations, and writes this page. What of it is right, and what is missed, is found by reading: `FOLDER/sample.md` has
findings and migrations without any, drawn by chance. [What a reading found](lint-judged.md).

{total} migrations: {projects}.

| run | migrations | seconds | of it start | for 400 | with start | crashes | findings |
|---|---:|---:|---:|---:|---:|---:|---:|
{runs}

The seconds are the processor's, which is kept by one process: for all of a run, for the start of Python and Django in
it (`django.setup()` alone, in a process of its own), and for 400 migrations without and with it. *Loaded* are the
projects that go together in one, with Django's own apps: there the start imports the code of all of them, as for any
command of the project.

There is no cache of results. What a migration does depends on all those before it, so a cache would have to be thrown
away as soon as one of them changes; and there is little to win at less than two seconds for 400 migrations.

## Findings by rule

| rule | name | level | from source | loaded |
|---|---|---|---:|---:|
{rules}
"""


def page(runs: Sequence[Run], migrations: Sequence[Path], folder: Path) -> str:
    """Return the page of figures."""
    projects = Counter(path.relative_to(folder / "packages").parts[0] for path in migrations)
    return PAGE.format(
        total=len(migrations),
        projects=", ".join(f"{name} ({number})" for name, number in projects.most_common()),
        runs="\n".join(
            f"| {run.name} | {run.migrations} | {run.busy:.1f} | {run.start:.1f} "
            f"| {for_400(run):.1f} | {for_400(run) + run.start:.1f} | {int(bool(run.crash))} | {len(run.findings)} |"
            for run in runs
        ),
        rules="\n".join(rows(runs)),
    )


def differences(published: str, runs: Sequence[Run]) -> int:
    """Return how many rules find more or less than a page says, and print what they find."""
    found = [row for row in rows(runs) if row not in published.splitlines()]
    print("\n".join(found) or "The findings are those on the page")
    return len(found)


def for_400(run: Run) -> float:
    return 400 * (run.busy - run.start) / max(1, run.migrations)


def rows(runs: Sequence[Run]) -> Iterable[str]:
    """Yield a row for every rule, also for those that found nothing."""
    if not settings.configured:
        settings.configure(INSTALLED_APPS=["reversible_migrations"], USE_TZ=True)
        django.setup()
    from reversible_migrations.lint.linter_rules import LINTER_RULES
    from reversible_migrations.lint.registry import own_rules

    counts = [run.counts() for run in runs]
    for rule in sorted((*LINTER_RULES, *own_rules()), key=lambda rule: rule.code):
        numbers = " | ".join(str(each[rule.code]) for each in counts)
        yield f"| [{rule.code}](../reference/rules/{rule.code.lower()}.md) | {rule.name} | {rule.level} | {numbers} |"


def samples(runs: Sequence[Run], migrations: Sequence[Path], size: int, seed: int) -> str:
    """Return findings, and migrations without any, drawn by chance from those that were read from source."""
    chance = random.Random(seed)
    findings = runs[0].findings
    found = {Path(finding["path"]) for finding in findings}
    silent = [path for path in migrations if path not in found]
    parts = [f"# Findings (seed {seed})"]
    for number, finding in enumerate(chance.sample(list(findings), min(size, len(findings))), start=1):
        where = f"{finding['app']}.{finding['migration']}, operation {finding['operation']}"
        head = f"## {number}. {finding['code']} {finding['level']}: {where}"
        says = f"{finding['message']}\n\n    {finding['hint']}"
        parts.append(f"{head}\n\n{says}\n\n{excerpt(Path(finding['path']), finding['line'])}")
    parts.append(f"# Migrations without findings (seed {seed})")
    for number, path in enumerate(chance.sample(silent, min(size, len(silent))), start=1):
        parts.append(f"## {number}. {path}\n\n```python\n{path.read_text().strip()}\n```")
    return "\n\n".join(parts) + "\n"


def excerpt(path: Path, line: int, around: int = 8) -> str:
    lines = path.read_text().splitlines()
    first = max(0, line - 1 - around // 2)
    text = "\n".join(f"{number:4} {each}" for number, each in enumerate(lines[first : line + around], start=first + 1))
    return f"{path}:{line}\n\n```python\n{text}\n```"


if __name__ == "__main__":
    main()
