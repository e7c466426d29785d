"""What is sent through a channel layer, and what a layer that fails costs. The layers are of this file."""

import json
import logging
import subprocess
import sys

import pytest
from channels.exceptions import ChannelFull

from reversible_migrations.models import Run, Step
from reversible_migrations.progress.broadcast import Broadcast
from reversible_migrations.progress.sender import IN_ONE_PROCESS, Sender, layer_name
from tests.progress.test_terminal import ROOT, environment
from tests.progress.watching import LONGEST_SECONDS

REDIS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://127.0.0.1:1"]}}}


class Layer:
    """A channel layer that keeps what it is sent, after so many failures."""

    def __init__(self, failures=0):
        self.failures = failures
        self.sent = []

    async def group_send(self, group, event):
        if self.failures:
            self.failures -= 1
            raise ChannelFull
        self.sent.append((group, json.loads(event["text"])))


class Clock:
    """Goes on by itself whenever it is asked, so that no pause is waited for."""

    now = 0.0

    def __call__(self):
        self.now += 100.0
        return self.now


def post(sender, *kinds):
    for number, kind in enumerate(kinds):
        sender.post(("default", number), kind, lambda kind=kind: {"is": kind})


def end(sender):
    sender.end()
    sender.thread.join(LONGEST_SECONDS)
    assert not sender.thread.is_alive()


class TestSender:
    def test_each_kind_has_its_group(self):
        layer = Layer()
        sender = Sender(layer)

        post(sender, "progress", "status", "completion")
        end(sender)

        assert layer.sent == [
            ("migration_progress", {"is": "progress"}),
            ("migration_status", {"is": "status"}),
            ("migration_completion", {"is": "completion"}),
        ]

    def test_a_change_of_status_is_tried_until_it_is_sent_and_progress_is_not(self, caplog):
        layer = Layer(failures=6)
        sender = Sender(layer, clock=Clock())

        with caplog.at_level(logging.WARNING, "reversible_migrations"):
            post(sender, "progress", "status")
            end(sender)

        assert layer.sent == [("migration_status", {"is": "status"})]
        said = [record.getMessage() for record in caplog.records]
        assert ["does not take" in line for line in said] == [True, False]
        assert "takes messages again" in said[1]
        assert "ChannelFull" in said[0]


@pytest.mark.django_db
class TestBroadcast:
    def test_a_run_is_told_from_its_start_to_its_end(self, settings):
        settings.CHANNEL_LAYERS = REDIS
        layer = Layer()
        broadcast = Broadcast(Sender(layer))
        run = _run()
        step = Step(run=run, number=1, kind="update", model="shop.Product", rows_total=100, rows_seen=0)

        broadcast.run_started(run, "default")
        broadcast.step_started(run, step, "default")
        step.rows_seen = step.rows_done = 40
        run.last_event = 7
        broadcast.step_moved(run, step, "default", pace={"batch_size": 20, "eta": [1.0, 2.0]})
        broadcast.waiting(run, "default", "cpu at 91 % of 90 %")
        run.status = "done"
        broadcast.run_finished(run, "default")
        broadcast.step_moved(run, step, "default")
        end(broadcast.sender)

        told = [(group.removeprefix("migration_"), said["status"], said["number"]) for group, said in layer.sent]
        assert told[0] == ("status", "running", None)
        assert told[-2:] == [("status", "running", 7), ("completion", "done", 7)]
        waiting = layer.sent[-2][1]
        assert waiting["waiting"] == "cpu at 91 % of 90 %"
        assert [waiting[key] for key in ("percent", "processed", "rows", "batch_size", "eta")] == [
            40,
            40,
            40,
            20,
            [1, 2],
        ]

    @pytest.mark.parametrize("layers", [{}, {"default": {"BACKEND": IN_ONE_PROCESS}}, {"other": REDIS["default"]}])
    def test_without_a_layer_that_others_can_read_nothing_is_sent(self, settings, layers):
        settings.CHANNEL_LAYERS = layers
        broadcast = Broadcast(Sender(Layer()))
        run = _run()

        broadcast.run_started(run, "default")
        broadcast.run_finished(run, "default")

        assert layer_name() is None
        assert broadcast.sender.thread is None

    def test_the_layer_can_be_named_and_switched_off(self, settings):
        settings.CHANNEL_LAYERS = {"other": REDIS["default"]}

        settings.REVERSIBLE_MIGRATIONS = {"CHANNEL_LAYER": "other"}
        assert layer_name() == "other"
        settings.REVERSIBLE_MIGRATIONS = {"CHANNEL_LAYER": None}
        assert layer_name() is None


def _run():
    return Run.objects.create(app="shop", name="0002", direction="forwards", status="running")


def test_starting_the_app_imports_nothing_of_channels():
    code = "import django, sys; django.setup(); sys.exit(any(name.startswith('channels') for name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), check=False)

    assert done.returncode == 0


def test_without_channels_the_routing_says_what_to_install():
    hidden = "import django, sys; django.setup(); sys.modules['channels'] = None"
    code = f"{hidden}; import reversible_migrations.progress.routing"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True)

    assert 'Install it: python -m pip install "reversible-migrations[channels]"' in done.stderr


def test_a_layer_that_is_not_installed_is_named_once(settings, caplog):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_of_nobody.Layer"}}
    sender = Sender()

    with caplog.at_level(logging.WARNING, "reversible_migrations"):
        post(sender, *["status"] * 3)
        end(sender)

    (said,) = [record.getMessage() for record in caplog.records]
    assert "Cannot import BACKEND 'channels_of_nobody.Layer'" in said
