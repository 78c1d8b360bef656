"""The list of time servers, and what is asked if none of them answers."""

import enroll.clock as clock
import enroll.http1 as http1
from clock import Clock
from enroll import calendar
from enroll.calendar import days
from enroll.errors import EnrollError
from enroll.httpdate import http_date, iso_date
from helpers import Fake, config, drive, patched, raises
from install import installed
from test_clock import TODAY, packet
from wire import Socket, Sockets

EARLIEST = iso_date("2026-01-01")
EAGAIN = 11


class Network(Sockets, Clock):
    """Stands for the modules `socket` and `time`: `answers` maps a host to a function from a request to packets."""

    since = 0  # the epoch of this port and its own clock's Unix seconds
    own = 0

    def __init__(self, **answers):
        super().__init__()
        self.answers = answers
        self.asked = []
        self.looked = 0
        self.lines = []

    def getaddrinfo(self, host, port, family, kind):
        assert (family, kind) == (self.AF_INET, self.SOCK_DGRAM)
        if host not in self.answers:
            raise OSError(-2)
        self.looked += 1
        places = host.split("+") if "+" in host else [host]
        return [(2, 2, 0, "", (place, port)) for place in places]

    def time(self):
        return self.own - self.since

    def gmtime(self, seconds):
        return (1970 if not self.since else 2000,)

    def socket(self, *_):
        self.open += 1
        return Line(self)

    def ticks_ms(self):
        """Each look at the clock takes a while."""
        self.sleep(0.1)
        return super().ticks_ms()


class Line(Socket):
    def __init__(self, network):
        self.network = network
        self.inbox = []

    def connect(self, where):
        self.where = where

    def send(self, request):
        request = bytes(request)
        self.network.asked.append((self.where, request))
        self.inbox = list(self.network.answers[self.where[0]](request))

    write = send

    def recv(self, size):
        if not self.inbox:
            raise OSError(EAGAIN)
        return self.inbox.pop(0)[:size]

    def close(self):
        self.network.open -= 1


def ask_servers(network, *servers, date=None, error=None, **more):
    """The time that `servers` of `network` give; the service's server says `date`, or raises `error`."""
    asked = []
    closed = []

    def exchange(method, url, body=b"", **more):
        asked.append((method, url, more))
        failure = error.get(method) if isinstance(error, dict) else error
        if failure:
            raise failure
        found = date.get(method) if isinstance(date, dict) else date
        return Fake(headers={} if found is None else {"date": found}, close=lambda: closed.append(1))
        yield

    try:
        with patched(clock, socket=network, time=network), installed(network):
            with patched(http1, exchange=exchange), patched(calendar, time=network):
                task = clock.ask(config("etherfax", ntp=list(servers), **more), network.lines.append)
                return drive(task, lambda sock, flags: len(sock.inbox))
    finally:
        network.hints = asked
        assert error or len(closed) == len(asked), "the connection for the date is left open"
        assert network.open == 0, "a socket is left open"


def honest(request):
    return [packet(nonce=request[40:48])]


def silent(request):
    return []


def rude(request):
    return [packet(nonce=request[40:48], stratum=0)]


def test_one_exchange_where_the_first_server_answers():
    network = Network(first=honest, second=honest)
    assert ask_servers(network, "first", "second") == TODAY
    assert [where for where, _ in network.asked] == [("first", 123)]
    assert not network.hints


def test_a_server_at_another_port():
    network = Network(first=honest)
    ask_servers(network, "first:1123")
    assert network.asked[0][0] == ("first", 1123)


def test_the_request_is_version_4_client_and_tells_nothing_but_a_nonce():
    network = Network(host=honest)
    ask_servers(network, "host")
    ask_servers(network, "host")
    (_, first), (_, second) = network.asked
    assert len(first) == 48 and first[0] == 0x23 and first[1:40] == bytes(39)
    assert first[40:] != second[40:]


def test_forged_answers_are_ignored_while_the_wait_goes_on():
    def forger(request):
        forged = [packet(0), packet(nonce=bytes(8)), b"", b"x" * 48, packet(mode=3, nonce=request[40:48])]
        return forged + honest(request)

    assert ask_servers(Network(host=forger), "host") == TODAY


def test_the_next_server_is_asked_after_silence():
    network = Network(first=silent, second=honest)
    assert ask_servers(network, "first", "second") == TODAY
    assert len(network.asked) == 2


def test_the_next_server_is_asked_after_kiss_of_death_and_after_an_unknown_name():
    assert ask_servers(Network(rude=rude, second=honest), "rude", "nowhere", "second") == TODAY


def test_the_next_server_is_asked_after_an_unreachable_port():
    def unreachable(request):
        raise OSError(111)

    assert ask_servers(Network(first=unreachable, second=honest), "first", "second") == TODAY


def test_no_server_answers_and_no_date_comes():
    for network, server in ((Network(first=silent), "first"), (Network(), "nowhere"), (Network(rude=rude), "rude")):
        raises("clock", ask_servers, network, server)
        raises("clock", ask_servers, network, server, error=OSError(111))
        raises("clock", ask_servers, network, server, error=EnrollError("answer", "no HTTP"))
        raises("clock", ask_servers, network, server, date="nonsense")


def test_a_date_header_is_the_hint_where_udp_is_blocked():
    network = Network(first=silent)
    date = "Fri, 20 Nov 2026 08:49:37 GMT"
    assert ask_servers(network, "first", date=date, url="http://cloud.example:8080/api/v1") == http_date(date, EARLIEST)
    ((method, url, more),) = network.hints
    assert method == "HEAD" and url.rstrip("/") == "http://cloud.example:8080"
    assert "headers" not in more, "the request for the date carries no credential"


def test_a_date_header_that_cannot_be_true_is_refused():
    for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Sat, 31 Oct 2026 23:59:59 GMT", "Sun, 06 Nov 2094 08:49:37 GMT"):
        raises("clock", ask_servers, Network(first=silent), "first", date=date)


def test_no_date_is_not_1970():
    network = Network()
    network.own = TODAY
    assert ask_servers(network, "nowhere", earliest="1970-01-01") == TODAY
    assert network.lines[-1] == "time from the board's clock"


def test_a_date_of_every_form_is_the_hint():
    for date in ("Friday, 20-Nov-26 08:49:37 GMT", "Fri Nov 20 08:49:37 2026"):
        assert ask_servers(Network(), "nowhere", date=date) == iso_date("2026-11-20") + 31777


def test_get_gives_a_date_where_head_gives_none():
    date = "Fri, 20 Nov 2026 08:49:37 GMT"
    for more in (
        {"date": {"GET": date}},
        {"date": {"HEAD": "soon", "GET": date}},
        {"date": {"HEAD": "Thu, 01 Jan 1970 00:00:00 GMT", "GET": date}},
        {"date": date, "error": {"HEAD": OSError(104)}},
        {"date": date, "error": {"HEAD": OSError()}},
        {"date": date, "error": {"HEAD": EnrollError("answer", "no HTTP")}},
    ):
        network = Network()
        assert ask_servers(network, "nowhere", **more) == iso_date("2026-11-20") + 31777
        assert [method for method, *_ in network.hints] == ["HEAD", "GET"]
        assert network.hints[0][1:] == network.hints[1][1:]


def test_a_service_that_is_silent_is_waited_for_once():
    network = Network()
    raises("clock", ask_servers, network, "nowhere", error=OSError(110))
    assert [method for method, *_ in network.hints] == ["HEAD"]


def test_the_boards_own_clock_is_the_last_source():
    for since in (0, 946684800):
        network = Network(first=silent)
        network.own, network.since = TODAY, since
        assert ask_servers(network, "first") == TODAY
        assert network.hints and "the board's clock" in network.lines[-1]
        assert ask_servers(network, "first", date="Fri, 20 Nov 2026 08:49:37 GMT") != TODAY
        network.answers["first"] = honest
        network.own = TODAY + 1000
        assert ask_servers(network, "first") == TODAY


def test_a_clock_of_the_board_that_cannot_be_true_is_none():
    for own in (0, iso_date("2000-01-01"), iso_date("2021-01-01"), clock.BUILD - 1, days(2080, 0, 1) * 86400):
        network = Network()
        network.own = own
        raises("clock", ask_servers, network, "nowhere")
        assert "time from" not in "".join(network.lines).replace("no time from", "")


def test_every_address_of_a_name_is_asked():
    def unreachable(request):
        raise OSError(113)

    for bad in (silent, rude, unreachable):
        network = Network(**{"a+b+c": None, "a": bad, "b": bad, "c": honest})
        assert ask_servers(network, "a+b+c", "other") == TODAY
        assert [where for where, _ in network.asked] == [("a", 123), ("b", 123), ("c", 123)]
        assert network.looked == 1


def test_the_log_says_where_the_time_is_from_and_who_was_refused_why():
    network = Network(rude=rude, silent=silent, good=honest)
    ask_servers(network, "rude", "nowhere", "silent", "good")
    refused, unknown, late, good = network.lines
    assert "no time from rude, the time server has no time" in refused
    assert "no time from nowhere, " in unknown and "no time from silent, 110" in late.replace("[Errno 110]", "110")
    assert good == "time from good"
    network = Network()
    ask_servers(network, "nowhere", date="Fri, 20 Nov 2026 08:49:37 GMT")
    assert network.lines[-1] == "time from the service's Date"


def test_the_error_says_what_the_first_server_said():
    message = str(raises("clock", ask_servers, Network(rude=rude), "rude", "nowhere"))
    assert "no time from rude, the time server has no time: check" in message and message.count("check") == 1


def test_the_floor_of_the_configuration_replaces_the_build():
    unix = iso_date("2017-02-02")
    network = Network(host=lambda request: [packet(unix, nonce=request[40:48])])
    raises("clock", ask_servers, network, "host")
    assert ask_servers(network, "host", earliest="2017-01-01") == unix
    assert ask_servers(network, "host", earliest="1970-01-01") == unix


def test_closing_the_task_closes_its_socket():
    network = Network(host=silent)
    with patched(clock, socket=network, time=network), installed(network):
        task = clock.ask(config("etherfax", ntp=["host"]), None)
        assert task.send(None) == 0  # a watchdog is fed before every look-up
        task.send(None)
        assert network.open == 1
        task.close()
    assert network.open == 0
