"""Asking something that may not answer: in a thread of its own, with a time limit."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections

Answer = TypeVar("Answer")

MOST_ASKED = 4  # questions of one name that may be without an answer; more are not asked

WAITING: dict[str, set[threading.Thread]] = {}
TURN = threading.Lock()


class NoAnswer(Exception):
    """There was no answer in time."""


def within(seconds: float, name: str, question: Callable[[], Answer]) -> Answer:
    """
    Return the answer of ``question``, or raise what it raises; raise ``NoAnswer`` after ``seconds``.

    Where four questions of this ``name`` are without an answer, it is not asked: a database that hangs holds
    four threads, however often it is asked. Connections that the question opened are closed.
    """
    found: list[Any] = []
    thread = threading.Thread(target=_ask, args=(question, found), daemon=True, name=f"asking {name}")
    with TURN:
        WAITING[name] = {each for each in WAITING.get(name, set()) if each.is_alive()}
        if len(WAITING[name]) >= MOST_ASKED:
            raise NoAnswer(f"{name} has not answered for some time")
        WAITING[name].add(thread)
        thread.start()
    thread.join(seconds)
    if not found:
        raise NoAnswer(f"{name} did not answer within {seconds:g} s")
    answer, error = found[0]
    if error is not None:
        raise error
    result: Answer = answer
    return result


def _ask(question: Callable[[], Any], found: list[Any]) -> None:
    try:
        found.append((question(), None))
    except Exception as error:
        found.append((None, error))
    finally:
        connections.close_all()  # those of this thread
