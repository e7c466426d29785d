"""Local servers that take what outlets send: by HTTP and by SMTP; well, badly, slowly, or not at all."""

import socket
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    """Answers by its path: /200, /404, /redirect, /hang, /drip, /drop, /again (503, then 200)."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers, body))
        way = self.path.strip("/").split("?")[0]
        getattr(self, f"_{way}", lambda: self._answer(int(way)))()

    def _answer(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _again(self):
        self._answer(200 if len(self.server.received) > 1 else 503)

    def _redirect(self):
        self._answer(302, Location=f"http://127.0.0.1:{self.server.server_port}/200")

    def _hang(self):
        self.server.ending.wait()

    def _drip(self):
        while not self.server.ending.wait(0.05):
            try:
                self.wfile.write(b"H")
                self.wfile.flush()
            except OSError:
                return

    def _drop(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *facts):
        pass


@contextmanager
def http_server():
    """Give a server with what it has ``received``: path, headers and body."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.handle_error = lambda *facts: None  # a client that has given up is no error of these tests
        server.received, server.ending = [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        with _served(server):
            yield server
            server.ending.set()


class Mailbox(socketserver.StreamRequestHandler):
    """A little SMTP: takes mails, or answers the recipient with the server's ``refusal``, or says nothing at all."""

    def handle(self):
        if self.server.is_silent:
            self.server.ending.wait()
            return
        self._say("220 mailbox")
        while line := self.rfile.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"QUIT":
                return self._say("221 bye")
            if verb == b"RCPT" and self.server.refusal:
                self._say(self.server.refusal)
            elif verb == b"DATA":
                self._say("354 go on")
                self.server.received.append(self._mail())
                self._say("250 taken")
            else:
                self._say("250 ok")
        return None

    def _mail(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, *facts):
        pass


@contextmanager
def smtp_server(refusal="", is_silent=False):
    """Give a server with the mails it has ``received``, and its ``port``."""
    with MailServer(("127.0.0.1", 0), Mailbox) as server:
        server.received, server.refusal, server.is_silent = [], refusal, is_silent
        server.ending = threading.Event()
        server.port = server.server_address[1]
        with _served(server):
            yield server
            server.ending.set()


@contextmanager
def _served(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.ending.set()
        server.shutdown()
        thread.join()


def closed_port():
    """Return a port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
