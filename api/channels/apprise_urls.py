"""Whatever apprise knows, by its addresses: an extra, ``wingwatch[apprise]``, for services that nothing better reaches.

Apprise tells success from failure and nothing else, and knows no id: a notice that was repeated is told twice.
"""

from collections.abc import Sequence

from api.channels.notice import Parcel
from api.channels.port import AwayError, BarredError
from api.channels.wording import Language, worded

__all__ = ["AppriseUrls"]


class AppriseUrls:
    """Sends notices to some addresses of apprise, which are secret as a whole."""

    supervised_s = None

    def __init__(self, urls: Sequence[str], *, language: Language) -> None:
        self._urls = tuple(urls)
        self._language = language

    @property
    def target(self) -> str:
        """The services."""
        return ", ".join(sorted({url.partition("://")[0] for url in self._urls}))

    def send(self, parcel: Parcel, /) -> None:
        """Send a notice to all addresses."""
        try:
            from apprise import Apprise, NotifyFormat
        except ImportError as error:
            raise BarredError("apprise is not installed: pip install 'wingwatch[apprise]'") from error
        services = Apprise()
        if not all(services.add(url) for url in self._urls):
            raise BarredError("apprise does not understand one of the urls")
        text = worded(parcel.notice, self._language)
        if not services.notify(title=text.headline, body="\n".join(text.lines), body_format=NotifyFormat.TEXT):
            raise AwayError("apprise could not deliver")

    def supervise(self) -> None:
        """Nothing can be asked."""

    def close(self) -> None:
        """No connection is kept."""
