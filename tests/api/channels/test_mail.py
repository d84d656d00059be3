import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from api.channels.mail import Mail, Security
from api.channels.notice import Kind
from api.channels.port import AwayError, BarredError, PartlyError, RefusedError
from api.channels.wording import Language

# The server of the tests does not know that a connection that began with TLS has TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


class Box:
    """Keeps messages, or refuses as told."""

    def __init__(self):
        self.messages = []
        self.answers = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the server's name
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - the server's name
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the server's name
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


class OnAnyPort(Controller):
    """A mail server on a free port."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def authenticated(server, session, envelope, mechanism, data):
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"hub", b"right"), handled=False)


@pytest.fixture
def server():
    running = []

    def serve(box, *, tls=None, starttls=None, login=False):
        told = {"hostname": "127.0.0.1", "port": 0, "ready_timeout": 20}
        told |= {"timeout": 20}
        if login:
            told |= {"authenticator": authenticated, "auth_required": True}
        if tls:
            told |= {"ssl_context": tls, "auth_require_tls": False}
        if starttls:
            told |= {"tls_context": starttls, "require_starttls": True}
        controller = OnAnyPort(box, **told)
        controller.start()
        running.append(controller)
        return controller

    yield serve
    for controller in running:
        controller.stop()


@pytest.fixture
def mail(authority):
    def opened(port, **fields):
        told = {
            "security": Security.STARTTLS,
            "login": None,
            "sender": "hub@prison.example",
            "recipients": ("control@prison.example", "duty@prison.example"),
            "language": Language.ENGLISH,
            "authorities": str(authority[1]),
            "timeout_s": 5.0,
        }
        return Mail("localhost", port, **told | fields)

    return opened


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_notice_arrives_over_tls_with_a_login(server, certified, mail, parcel, security):
    box = Box()
    kind = "tls" if security is Security.TLS else "starttls"
    running = server(box, login=True, **{kind: certified()})
    mail(running.port, security=security, login=("hub", "right")).send(parcel())
    (message,) = box.messages
    assert message["Subject"] == "Prison d'essai: Phone in Wing B, probably cell B-1-04"
    assert message["To"] == "control@prison.example, duty@prison.example"
    assert message["Message-ID"] == f"<{parcel().id}@prison.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_content()
    assert "B-1-04 (62%), B-1-05 (21%)" in body
    assert "Priority high: call, 96% sure that a phone is inside." in body


def test_it_speaks_french(server, certified, mail, parcel):
    box = Box()
    running = server(box, starttls=certified())
    mail(running.port, language=Language.FRENCH).send(parcel())
    (message,) = box.messages
    assert message["Subject"] == "Prison d'essai: Téléphone : Wing B, probablement cellule B-1-04"
    assert "Priorité haute : appel, certain à 96 % qu'un téléphone est à l'intérieur." in message.get_content()
    assert message["Content-Language"] == "fr"


def test_all_messages_of_an_alert_are_one_thread_and_each_has_its_own_id(server, certified, mail, parcel, notice):
    box = Box()
    channel = mail(server(box, starttls=certified()).port)
    channel.send(parcel())
    channel.send(parcel(notice(Kind.CLOSED), number=2))
    first, second = box.messages
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"control@prison.example": "550 no such user", "duty@prison.example": "550 no such user"}, BarredError),
        ({"control@prison.example": "451 later", "duty@prison.example": "451 later"}, AwayError),
        ({"control@prison.example": "550 no such user"}, PartlyError),
        ({"MAIL": "550 not you"}, BarredError),
        ({"MAIL": "451 later"}, AwayError),
        ({"DATA": "554 looks like spam"}, RefusedError),
        ({"DATA": "452 full"}, AwayError),
    ],
)
def test_what_an_answer_means(server, certified, mail, parcel, answers, error):
    box = Box()
    box.answers = answers
    with pytest.raises(error) as caught:
        mail(server(box, starttls=certified()).port).send(parcel())
    assert "prison.example" not in str(caught.value)
    assert len(box.messages) == (error is PartlyError)


def test_a_wrong_password_bars_the_channel_and_is_not_shown(server, certified, mail, parcel):
    running = server(Box(), login=True, starttls=certified())
    with pytest.raises(BarredError, match="login: SMTP 535") as caught:
        mail(running.port, login=("hub", "wrong-secret")).send(parcel())
    assert "wrong-secret" not in str(caught.value)


def test_a_certificate_of_another_name_bars_the_channel(server, certified, mail, parcel):
    running = server(Box(), starttls=certified("elsewhere.example"))
    with pytest.raises(BarredError, match="certificate"):
        mail(running.port).send(parcel())


def test_a_server_without_starttls_gets_nothing(server, mail, parcel):
    box = Box()
    with pytest.raises(BarredError, match="STARTTLS"):
        mail(server(box).port).send(parcel())
    assert box.messages == []


def test_a_server_that_is_not_there_or_says_nothing_is_away(mail, parcel):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(AwayError, match="in time"):
            mail(port, timeout_s=0.3).send(parcel())
    with pytest.raises(AwayError, match="no connection"):
        mail(port).send(parcel())
