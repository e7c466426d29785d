"""
The order in which migrations are read, from their own ``dependencies``, ``run_before`` and ``replaces``.

Django's graph ends with an error at the first migration that is missing or depends on itself. Here that is a fault
of one migration, and the others are ordered all the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]


@dataclass(frozen=True)
class Links:
    """What one migration says about others."""

    dependencies: tuple[Key, ...] = ()
    run_before: tuple[Key, ...] = ()
    replaces: tuple[Key, ...] = ()


@dataclass
class Ordering:
    """The keys in order; those whose dependencies are missing, with these; and those that wait for themselves."""

    keys: list[Key] = field(default_factory=list)
    missing: dict[Key, list[Key]] = field(default_factory=dict)
    circular: list[Key] = field(default_factory=list)


def walks(links: Mapping[Key, Links]) -> Iterator[set[Key]]:
    """
    Yield sets of migrations that stand for the whole history: with the squashed ones, then with what they replace.

    The first has the newest squashed migrations. In each further one those of the last are taken apart, as long as
    all they replace is there. Every migration is in one of them at least.
    """
    apart = {key for key, found in links.items() if found.replaces and all(each in links for each in found.replaces)}
    expanded: set[Key] = set()
    while True:
        hidden = {each for key, found in links.items() if key not in expanded for each in found.replaces}
        chosen = set(links) - expanded - hidden
        yield chosen
        newly = chosen & apart
        if not newly:
            return
        expanded |= newly


def ordered(links: Mapping[Key, Links], chosen: set[Key]) -> Ordering:
    """Return the ``chosen`` migrations, each behind what it depends on; alphabetically where nothing is said."""
    found = Ordering()
    parents = {key: _parents(key, links, chosen, found) for key in sorted(chosen)}
    for key in sorted(chosen):
        for child in links[key].run_before:
            for each in _standing_for(child, links, chosen) or ():
                parents[each].append(key)
    done: set[Key] = set()
    for key in parents:
        _follow(key, parents, done, found)
    return found


def _parents(key: Key, links: Mapping[Key, Links], chosen: set[Key], found: Ordering) -> list[Key]:
    parents: list[Key] = []
    for parent in links[key].dependencies:
        standing = _standing_for(parent, links, chosen)
        if standing is None:
            found.missing.setdefault(key, []).append(parent)
        parents += [each for each in standing or () if each != key or parent == key]
    return parents


def _standing_for(key: Key, links: Mapping[Key, Links], chosen: set[Key]) -> list[Key] | None:
    """Return the chosen migrations that are meant by ``key``; None if there is no such migration."""
    app, name = key
    if name in ("__first__", "__latest__"):
        own = sorted(each for each in chosen if each[0] == app)
        return own[:1] if name == "__first__" else own[-1:]
    if key in chosen:
        return [key]
    inner = list(_reached(key, chosen, lambda each: links[each].replaces if each in links else ()))
    outer = list(_reached(key, chosen, lambda each: [more for more in links if each in links[more].replaces]))
    # Squashed and taken apart, or replaced; what is neither, and no file, is missing.
    return inner or outer or ([] if key in links else None)


def _reached(start: Key, chosen: set[Key], further: Callable[[Key], Iterable[Key]]) -> Iterator[Key]:
    """Yield the first chosen migrations on every way from ``start`` through what it replaces, or is replaced by."""
    waiting, seen = list(further(start)), {start}
    while waiting:
        key = waiting.pop(0)
        if key in chosen:
            yield key
        elif key not in seen:
            seen.add(key)
            waiting += further(key)


def _follow(start: Key, parents: Mapping[Key, list[Key]], done: set[Key], found: Ordering) -> None:
    """Add ``start`` to the keys, behind what it depends on; without recursion, for histories may be long."""
    way: list[tuple[Key, Iterator[Key]]] = []
    on_way: set[Key] = set()

    def enter(key: Key) -> None:
        way.append((key, iter(_unique(parents[key]))))
        on_way.add(key)

    if start not in done:
        enter(start)
    while way:
        key, left = way[-1]
        parent = next(left, None)
        if parent is None:
            way.pop()
            on_way.discard(key)
            done.add(key)
            found.keys.append(key)
        elif parent in on_way:
            found.circular.append(parent)
        elif parent not in done:
            enter(parent)


def _unique(keys: Iterable[Key]) -> list[Key]:
    return sorted(set(keys))


def ancestors(key: Key, parents: Mapping[Key, Iterable[Key]]) -> set[Key]:
    """Return all that a migration depends on, directly or not."""
    found: set[Key] = set()
    waiting = list(parents.get(key, ()))
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting += parents.get(parent, ())
    return found
