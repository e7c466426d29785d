"""Asking something that may not answer: in a thread of its own, with a time limit."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from django.db import connections

Answer = TypeVar("Answer")

MOST_ASKED = 4  # questions of one name that may be without an answer; more are not asked

WAITING: dict[str, set[threading.Thread]] = {}
TURN = threading.Lock()


class NoAnswer(Exception):
    """There was no answer in time."""


class Question(Generic[Answer]):
    """
    A question that is being answered. ``name`` is whom it is asked.

    Where four questions of a name are without an answer, it is not asked: a database that hangs holds four
    threads, however often it is asked. Connections that the question opened are closed.
    """

    def __init__(self, name: str, question: Callable[[], Answer]):
        self.name, self.question = name, question
        self.found: list[tuple[Any, Exception | None]] = []
        self.thread = threading.Thread(target=self._ask, daemon=True, name=f"asking {name}")
        with TURN:
            WAITING[name] = {each for each in WAITING.get(name, set()) if each.is_alive()}
            self.is_asked = len(WAITING[name]) < MOST_ASKED
            if self.is_asked:
                WAITING[name].add(self.thread)
                self.thread.start()

    def answer(self, seconds: float) -> Answer:
        """Return the answer, or raise what the question raises; raise ``NoAnswer`` after ``seconds``."""
        if not self.is_asked:
            raise NoAnswer(f"{self.name} has not answered for some time")
        self.thread.join(max(0.0, seconds))
        if not self.found:
            raise NoAnswer(f"{self.name} did not answer in time")
        found, error = self.found[0]
        if error is not None:
            raise error
        answer: Answer = found
        return answer

    def _ask(self) -> None:
        try:
            self.found.append((self.question(), None))
        except Exception as error:
            self.found.append((None, error))
        finally:
            connections.close_all()  # those of this thread


def within(seconds: float, name: str, question: Callable[[], Answer]) -> Answer:
    """Return the answer of one question, as ``Question.answer`` does."""
    return Question(name, question).answer(seconds)


def all_within(seconds: float, questions: Mapping[str, Callable[[], Answer]]) -> dict[str, Answer | Exception]:
    """Ask all at once and return, by name, the answers or what was raised: all together take ``seconds`` at most."""
    until = time.monotonic() + seconds
    asked = [Question(name, question) for name, question in questions.items()]
    found: dict[str, Answer | Exception] = {}
    for question in asked:
        try:
            found[question.name] = question.answer(until - time.monotonic())
        except Exception as error:
            found[question.name] = error
    return found
