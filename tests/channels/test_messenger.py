"""People are told on their phones: briefly, once, and whatever the provider does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from gateway.channels.http_messenger import HttpMessenger, reaching
from gateway.channels.messenger import LONGEST, MessengerDestination, in_short
from gateway.notices import ChannelAwayError, Dispatcher, Done, RefusedByDestinationError, Retries
from gateway.words import Letter, letter
from runtime.messenger_settings import MessengerSettings
from schemas.notices import EMAIL, SMS, WHATSAPP, Notice, What
from schemas.status import Status
from storage import contacts, notices
from storage.database import Pool
from tests.channels.messenger_running import TOKEN, RunningMessenger, messenger_running
from tests.gateway.telling import HandClock, Letterbox, climb, commit, forget_everything, office
from tests.making import NOON

NUMBER, OTHER = "+6281234567001", "+6281299887766"
WIB = ZoneInfo("Asia/Jakarta")


def notice(what: What, **changes: object) -> Notice:
    fields: dict[str, object] = {
        "case_id": "K261123-ABCDEFGH",
        "seq": 3,
        "what": what,
        "recipient": "liaison-officer@BMBK",
        "at": NOON,
        "status": Status.NEEDS_INFORMATION,
        "due_at": NOON,
        "owners": ("liaison-officer@BMBK", "head-of-agency@PUPR-18.01"),
    }
    return Notice.model_validate(fields | changes)


# What is said


@pytest.mark.parametrize("what", list(What))
def test_a_message_is_short_and_says_in_indonesian_first_what_happened_to_which_case(what: What) -> None:
    said = letter(notice(what, whereto="Ombudsman RI, Jl. Cut Mutia No. 137, Bandar Lampung, 0811-9803-737"), WIB)

    text = in_short(said)

    assert len(text) < LONGEST
    indonesian, english = text.split("\n--\n")
    assert "Nomor laporan: K261123-ABCDEFGH" in indonesian
    assert "Case: K261123-ABCDEFGH" in english
    assert english.endswith("please do not reply.")
    assert "\n\n" not in text


def test_what_is_too_long_is_cut_at_a_line_and_both_languages_stay() -> None:
    long = " ".join(["Ombudsman"] * 40)
    said = letter(notice(What.OTHER_ROUTE, whereto=long, owners=("head@" + "A" * 100,) * 4), WIB)

    text = in_short(said)

    assert len(text) < LONGEST
    indonesian, english = text.split("\n--\n")
    assert indonesian.startswith("Batas waktu")
    assert english.startswith("The deadline")
    assert indonesian.endswith("\n...")
    assert english.endswith("\n...")


def test_a_line_that_is_too_long_by_itself_is_cut() -> None:
    assert len(in_short(Letter(subject="", body="x" * 5000))) == LONGEST - 1


# The provider


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[RunningMessenger]:
    async with messenger_running() as messenger:
        yield messenger


@pytest.fixture
async def provider(running: RunningMessenger) -> RunningMessenger:
    """A provider that has taken nothing yet, and takes everything."""
    await running.begin_anew()
    return running


@pytest.fixture
async def http(provider: RunningMessenger) -> AsyncIterator[HttpMessenger]:
    async with HttpMessenger(provider.url, TOKEN) as messenger:
        yield messenger


async def test_a_message_arrives_as_it_was_sent(provider: RunningMessenger, http: HttpMessenger) -> None:
    await http.send(NUMBER, "Halo.\n--\nHello: é", "reference-1")

    (taken,) = await provider.messages()
    assert (taken["to"], taken["text"], taken["reference"]) == (NUMBER, "Halo.\n--\nHello: é", "reference-1")


async def test_a_double_is_the_providers_already(provider: RunningMessenger, http: HttpMessenger) -> None:
    for _ in range(2):
        await http.send(NUMBER, "Halo", "reference-1")

    assert (len(await provider.messages()), await provider.calls()) == (1, 2)


async def test_a_message_whose_answer_was_lost_is_sent_once(provider: RunningMessenger, http: HttpMessenger) -> None:
    await provider.behave(away="hangs up once taken")
    with pytest.raises(RefusedByDestinationError, match=r"^(RemoteProtocol|Read)Error$"):
        await http.send(NUMBER, "Halo", "reference-1")
    await provider.behave()

    await http.send(NUMBER, "Halo", "reference-1")

    assert len(await provider.messages()) == 1


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ({"refuses": [NUMBER[:6]]}, RefusedByDestinationError, "answers 422"),
        ({"answers": 400}, RefusedByDestinationError, "answers 400"),
        ({"answers": 500}, RefusedByDestinationError, "answers 500"),
        ({"away": "hangs up"}, RefusedByDestinationError, ""),
        ({"away": "unavailable"}, ChannelAwayError, "answers 503"),
        ({"answers": 401}, ChannelAwayError, "answers 401"),
        ({"answers": 404}, ChannelAwayError, "answers 404"),
        ({"answers": 429}, ChannelAwayError, "answers 429"),
    ],
)
async def test_a_no_is_about_this_message_or_about_all_and_repeats_no_number(
    provider: RunningMessenger, http: HttpMessenger, how: dict[str, object], kind: type[Exception], said: str
) -> None:
    await provider.behave(**how)

    with pytest.raises(kind) as refused:
        await http.send(NUMBER, "rahasia", "reference-1")

    assert said in str(refused.value)
    assert "8123" not in str(refused.value)
    assert await provider.messages() == []


async def test_a_provider_that_is_slow_may_have_taken_it_and_is_asked_again(provider: RunningMessenger) -> None:
    await provider.behave(delay_seconds=0.5)
    async with HttpMessenger(provider.url, TOKEN, timeout=0.05) as impatient:
        with pytest.raises(RefusedByDestinationError, match="ReadTimeout"):
            await impatient.send(NUMBER, "Halo", "reference-1")


async def test_a_wrong_token_is_nobodys_number(provider: RunningMessenger) -> None:
    async with HttpMessenger(provider.url, "another") as messenger:
        with pytest.raises(ChannelAwayError, match="answers 401"):
            await messenger.send(NUMBER, "Halo", "reference-1")


# Notices


@pytest.fixture
async def told(pool: Pool) -> Pool:
    """The database, without notices of other tests."""
    await forget_everything(pool)
    return pool


async def test_a_provider_that_is_away_holds_up_no_mail_and_tells_once_when_it_is_back(
    told: Pool, provider: RunningMessenger
) -> None:
    clock, box, head = HandClock(), Letterbox(), office("head", "phone-1")
    await contacts.replace(told, head, ["head@go.id"], NOON)
    await contacts.replace(told, head, [NUMBER], NOON, channel=WHATSAPP)
    await commit(told, climb("phone-1"))
    async with reaching([MessengerSettings(WHATSAPP, provider.url, TOKEN)]) as phones:
        dispatcher = Dispatcher(told, [box, *phones], clock=clock)
        await provider.stop()
        with capture_logs() as logs:
            for _ in range(3):
                await dispatcher.one_pass()
                clock.go_on(timedelta(minutes=5))
        waiting = {line.channel: line for line in await notices.lines(told, case_id="phone-1") if line.channel}
        await provider.start()
        assert await dispatcher.one_pass() == Done(sent=1)
        clock.go_on(timedelta(days=1))
        assert await dispatcher.one_pass() == Done()

    assert len(box.letters("head@go.id")) == 1
    assert (waiting[WHATSAPP].state, waiting[WHATSAPP].attempts) == ("pending", 0)
    assert (waiting[WHATSAPP].last_error, waiting[WHATSAPP].address) == ("ConnectError", "+62812****001")
    (message,) = await provider.messages()
    assert message["to"] == NUMBER
    assert "Laporan" in message["text"].partition("--")[0]
    assert NUMBER not in str(logs)


async def test_a_number_that_is_refused_leaves_the_other_told_and_both_channels_are_apart(
    told: Pool, provider: RunningMessenger
) -> None:
    clock, head = HandClock(), office("head", "phone-2")
    await provider.behave(refuses=[OTHER])
    await contacts.replace(told, head, [OTHER, NUMBER], NOON, channel=WHATSAPP)
    await contacts.replace(told, head, [NUMBER], NOON, channel=SMS)
    await commit(told, climb("phone-2"))
    settings = [MessengerSettings(channel, provider.url, TOKEN) for channel in (WHATSAPP, SMS)]
    async with reaching(settings) as phones:
        dispatcher = Dispatcher(told, phones, clock=clock, retries=Retries(tries=2))
        assert await dispatcher.one_pass() == Done(sent=2, failed=1, nobody=1)
        clock.go_on(timedelta(minutes=1))
        assert await dispatcher.one_pass() == Done(dead=1)
    (dead,) = await notices.lines(told, dead=True)
    assert (dead.last_error, dead.address) == ("answers 422", "+62812****766")
    assert [message["to"] for message in await provider.messages()] == [NUMBER, NUMBER]  # one on each channel


async def test_what_goes_to_a_channel_without_a_provider_waits(told: Pool) -> None:
    clock, box, head = HandClock(), Letterbox(), office("head", "phone-3")
    await contacts.replace(told, head, [NUMBER], NOON, channel=SMS)
    await commit(told, climb("phone-3"))

    assert (await Dispatcher(told, [box], clock=clock).one_pass()).sent == 0

    assert box.channel == EMAIL
    other = Letterbox(channel=SMS)
    assert (await Dispatcher(told, [MessengerDestination(SMS, _Phone(other))], clock=clock).one_pass()).sent == 1
    ((number, said, _),) = other.taken
    assert (number, said.subject) == (NUMBER, "")


class _Phone:
    """A provider that puts messages into a letterbox."""

    def __init__(self, box: Letterbox) -> None:
        self._box = box

    async def send(self, number: str, text: str, reference: str) -> None:
        """Take a message."""
        await self._box.deliver(number, Letter(subject="", body=text), reference)
