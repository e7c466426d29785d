"""Which migrations are new or changed against a state of the project that git knows."""

import subprocess
from pathlib import Path

from ..exceptions import CannotLint
from .project import Project


def keep_since(project: Project, reference: str) -> None:
    """
    Let only those migrations be wanted whose files are not as they are in ``reference``, or not in git at all.

    Raise ``CannotLint`` where there is no git, no repository or no such reference.
    """
    changed: dict[Path, set[Path]] = {}
    for subject in project.migrations.values():
        path = Path(subject.path)
        if subject.is_wanted and path.is_file():
            folder = path.resolve().parent
            if folder not in changed:
                changed[folder] = changed_files(folder, reference)
            subject.is_wanted = subject.is_new = path.resolve() in changed[folder]
    wanted = {(subject.app_label, subject.name) for subject in project.migrations.values() if subject.is_wanted}
    project.findings = [each for each in project.findings if not each.migration or (each.app, each.migration) in wanted]


def changed_files(folder: Path, reference: str) -> set[Path]:
    """Return the files in ``folder`` that differ from ``reference`` or that git does not know."""
    # Behind --end-of-options a reference that begins with a dash is no option.
    git(folder, reference, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    changed = git(
        folder, reference, "diff", "--name-only", "--relative", "-z", "--end-of-options", reference, "--", "."
    )
    unknown = git(folder, reference, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return {folder / name for name in (changed + unknown).split("\0") if name}


def git(folder: Path, reference: str, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _refused(
            reference, f"git cannot be run ({error.strerror})", "Install git, or leave --since out"
        ) from error
    if done.returncode == 0:
        return done.stdout
    if arguments[0] == "rev-parse" and not done.stderr:
        raise _refused(
            reference, f"git knows no such reference in {folder}", "Name a branch, tag or commit; fetch it first"
        )
    raise _refused(reference, f"git said in {folder}: {' '.join(done.stderr.split())}", "Run it inside the repository")


def _refused(reference: str, what: str, todo: str) -> CannotLint:
    return CannotLint(f"--since {reference}", f"{what}.", "Nothing was looked at.", f"{todo}.")
