"""Each outlet against a real server that takes it, fails, hangs, drips, or sends it elsewhere."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import threading
import uuid
from datetime import UTC, datetime
from email import message_from_bytes

import django
import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from reversible_migrations.alerts import messages
from reversible_migrations.alerts.dispatch import dispatch
from reversible_migrations.alerts.outlets import Channels, Email, Log, NotSent, Outlet, Slack, Webhook
from reversible_migrations.states import AlertLevel
from tests.alerts.servers import closed_port, http_server, smtp_server

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MESSAGE = messages.test(AlertLevel.CRITICAL, "default", NOW)
SECRET = "a secret of sixteen bytes"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
LONG, SHORT = 60.0, 0.5  # seconds: what comes is waited for; what never comes is not


@pytest.fixture
def server():
    with http_server() as found:
        yield found


@pytest.fixture
def outbox(settings):
    """The mails that Django's backend for tests has taken."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    mail.outbox.clear()
    return mail.outbox


def sent(outlet, limit_seconds=LONG):
    (delivery,) = dispatch(MESSAGE, [outlet], limit_seconds, retry_seconds=0.01)
    return delivery


POSTING = {"slack": lambda url: Slack(url), "webhook": lambda url: Webhook(url, SECRET, clock=lambda: 1_700_000_000.9)}


@pytest.mark.parametrize("kind", POSTING)
class TestPosting:
    def test_it_is_taken(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/200"))

        assert (delivery.is_sent, delivery.tries) == (True, 1)

    def test_what_may_pass_is_tried_again(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/again"))

        assert (delivery.is_sent, delivery.tries) == (True, 2)

    def test_after_some_tries_it_is_given_up(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/503"))

        assert (delivery.problem, delivery.tries) == ("HTTP status 503", 3)

    def test_what_cannot_pass_is_not_tried_again(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/404"))

        assert (delivery.problem, delivery.tries) == ("HTTP status 404", 1)

    def test_a_redirect_is_not_followed(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/redirect"))

        assert delivery.problem == "HTTP status 302"
        assert [path for path, *_ in server.received] == ["/redirect"]

    @pytest.mark.parametrize("way", ["hang", "drip"])
    def test_one_that_does_not_come_to_an_end_is_given_up(self, server, kind, way):
        delivery = sent(POSTING[kind](f"{server.url}/{way}"), SHORT)

        assert delivery.problem == "no answer in time"

    def test_a_broken_connection_is_told_by_its_kind(self, server, kind):
        delivery = sent(POSTING[kind](f"{server.url}/drop"))

        assert delivery.problem in ("RemoteDisconnected", "ConnectionResetError")
        assert delivery.tries == 3

    def test_nobody_there_is_told_by_its_kind(self, kind):
        delivery = sent(POSTING[kind](f"http://127.0.0.1:{closed_port()}/"))

        assert delivery.problem == "ConnectionRefusedError"

    @pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/", "http://", "hooks.example", None])
    def test_other_addresses_are_refused(self, kind, url):
        with pytest.raises(ValueError, match="url must begin with http:// or https://"):
            POSTING[kind](url)

    def test_its_address_is_not_in_the_log(self, server, kind, caplog):
        sent(POSTING[kind](f"{server.url}/404?token=hidden"))

        assert f"was not sent by {kind}: HTTP status 404 (tries: 1)" in caplog.text
        assert "hidden" not in caplog.text
        assert SECRET not in caplog.text


class TestSlack:
    def test_it_gets_the_words(self, server):
        sent(Slack(f"{server.url}/200"))

        ((_, _, body),) = server.received
        assert json.loads(body)["text"] == f"*{MESSAGE.subject}*\n{MESSAGE.body}"

    def test_a_text_makes_no_mentions_and_links(self, server):
        text = messages.Message(
            "1", MESSAGE.kind, "failed", AlertLevel.CRITICAL, "default", "a < b", "", "<!channel> & co", NOW
        )

        dispatch(text, [Slack(f"{server.url}/200")], LONG)

        assert json.loads(server.received[0][2])["text"] == "*a &lt; b*\n&lt;!channel&gt; &amp; co"


class TestWebhook:
    def test_it_is_signed_and_repeated_with_the_same_id(self, server):
        sent(POSTING["webhook"](f"{server.url}/again"))

        (_, first, body), (_, second, again) = server.received
        assert first["webhook-id"] == second["webhook-id"] == MESSAGE.id
        assert first["webhook-timestamp"] == "1700000000"
        signed = f"{MESSAGE.id}.1700000000.".encode() + body
        digest = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        assert first["webhook-signature"] == f"v1,{digest}"
        assert json.loads(body) == json.loads(again) == MESSAGE.as_json()

    def test_a_secret_may_be_base64(self):
        encoded = "whsec_" + base64.b64encode(SECRET.encode()).decode()

        assert Webhook("https://hooks.example/", encoded).key == Webhook("https://hooks.example/", SECRET).key

    @pytest.mark.parametrize(
        ("secret", "words"),
        [("short", "16 bytes"), ("whsec_?", "no base64"), ("", "16 bytes"), (None, "must be a text")],
    )
    def test_a_secret_that_is_none_is_refused(self, secret, words):
        with pytest.raises(ValueError, match=words):
            Webhook("https://hooks.example/", secret)


class TestEmail:
    def test_django_sends_it(self, outbox):
        assert sent(Email(["a@example.com", "b@example.com"], sender="db@example.com")).is_sent

        (found,) = outbox
        assert (found.subject, found.body, found.to) == (
            MESSAGE.subject,
            MESSAGE.body,
            ["a@example.com", "b@example.com"],
        )
        assert found.extra_headers["X-Reversible-Migrations-Alert"] == MESSAGE.id

    def test_a_real_server_takes_it(self, mailing):
        with smtp_server() as server:
            mailing(server.port)

            assert sent(Email(["a@example.com"])).is_sent

        (found,) = [message_from_bytes(each) for each in server.received]
        assert (found["Subject"], found["To"]) == (MESSAGE.subject, "a@example.com")

    @pytest.mark.parametrize(
        ("refusal", "problem", "tries"),
        [("451 later", "SMTP status 451", 3), ("550 unknown", "SMTP status 550", 1)],
    )
    def test_a_refusal_is_told(self, mailing, refusal, problem, tries):
        with smtp_server(refusal=refusal) as server:
            mailing(server.port)

            delivery = sent(Email(["a@example.com"]))

        assert (delivery.problem, delivery.tries) == (problem, tries)

    def test_a_server_that_says_nothing_is_given_up(self, mailing):
        with smtp_server(is_silent=True) as server:
            mailing(server.port)

            assert sent(Email(["a@example.com"]), SHORT).problem == "no answer in time"

    def test_nobody_there_is_told_by_its_kind(self, mailing):
        mailing(closed_port())

        assert sent(Email(["a@example.com"])).problem == "ConnectionRefusedError"

    @pytest.mark.parametrize("to", ["a@example.com", [], [""], None, ["not an address"]])
    def test_addresses_that_are_none_are_refused(self, to):
        with pytest.raises(ValueError, match="list of email addresses"):
            Email(to)

    @pytest.fixture
    def mailing(self, settings):
        """A function that lets Django send its mail to a port of this host."""

        def by(port):
            backend = "django.core.mail.backends.smtp.EmailBackend"
            if django.VERSION >= (6, 1):
                options = {"host": "127.0.0.1", "port": port}
                settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
            else:
                settings.EMAIL_BACKEND = backend
                settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port

        return by


class TestChannels:
    def test_the_group_gets_it(self, settings):
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        from channels.layers import channel_layers

        layer = channel_layers["default"]
        async_to_sync(layer.group_add)("migration_status", "watcher")

        assert sent(Channels()).is_sent

        assert async_to_sync(layer.receive)("watcher") == MESSAGE.as_json()
        assert MESSAGE.as_json()["type"] == "alert"

    def test_redis_carries_it_to_another_process(self, settings):
        backend = "channels_redis.core.RedisChannelLayer"
        config = {"hosts": [REDIS_URL], "prefix": uuid.uuid4().hex}
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}

        assert asyncio.run(received_by_another(backend, config)) == MESSAGE.as_json()

    def test_without_a_layer_it_takes_nothing(self, settings):
        settings.CHANNEL_LAYERS = {}

        assert not Channels().takes(AlertLevel.CRITICAL)

    def test_a_layer_that_is_not_there_is_told(self, settings):
        backend = {"BACKEND": "channels_redis.core.RedisChannelLayer"}
        hosts = {"hosts": [f"redis://127.0.0.1:{closed_port()}/0"]}
        settings.CHANNEL_LAYERS = {"default": {**backend, "CONFIG": hosts}}

        delivery = sent(Channels())

        assert (delivery.problem, delivery.tries) == ("ConnectionError", 3)


async def received_by_another(backend, config):
    """Listen as another process does, over a layer of its own, and return what comes when the message is sent."""
    listener = import_string(backend)(**config)
    try:
        await listener.group_add("migration_status", "watcher")
    except RedisError:
        pytest.skip(f"no Redis answers at {REDIS_URL}")
    try:
        assert (await asyncio.to_thread(sent, Channels())).is_sent
        async with asyncio.timeout(LONG):
            return await listener.receive("watcher")
    finally:
        await listener.group_discard("migration_status", "watcher")
        await listener.close_pools()


class TestIsolation:
    def test_one_that_fails_and_one_that_hangs_are_nothing_to_the_others(self, server, caplog, outbox):
        outlets = [Broken(), Log(), Email(["a@example.com"]), Slack(f"{server.url}/hang")]
        times = iter([0, 0, 0, 0, LONG])  # at the start, and as each is waited for: the last one has no time left

        with caplog.at_level(logging.INFO):
            deliveries = dispatch(MESSAGE, outlets, LONG, clock=lambda: next(times))

        found = {each.outlet: each.problem for each in deliveries}

        assert found == {"broken": "RuntimeError", "slack": "no answer in time", "log": "", "email": ""}
        assert len(outbox) == 1
        assert MESSAGE.subject in caplog.text
        assert "the words of a row" not in caplog.text

    def test_after_the_limit_nothing_is_tried_again(self):
        outlet = Late()

        assert sent(outlet, 0.0).problem == "no answer in time"
        outlet.may_fail.set()
        for thread in threading.enumerate():
            if thread.name == "alert outlet late":
                thread.join(LONG)

        assert outlet.tries == 1


class Broken(Outlet):
    name = "broken"

    def send(self, message):
        raise RuntimeError("the words of a row")


class Late(Outlet):
    name, tries = "late", 0

    def __init__(self):
        self.may_fail = threading.Event()

    def send(self, message):
        self.tries += 1
        self.may_fail.wait(LONG)
        raise NotSent("late", is_passing=True)
