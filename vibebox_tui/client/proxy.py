"""Which proxy is in the way, for what is said when a connection fails."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from vibebox_tui.client.address import ServerAddress
from vibebox_tui.client.settings import ClientSettings


def by_way_of_proxy(reason: str, address: ServerAddress, settings: ClientSettings) -> str:
    """`reason`, and where connections go through a proxy its place: it may be at fault."""
    place = _place(settings.proxy or _of_environment(address))
    return f"{reason} (by way of the proxy {place})" if place else reason


def _of_environment(address: ServerAddress) -> str:
    """What the environment's variables, or the system's settings, say for this server."""
    if address.socket is not None or proxy_bypass(address.host):
        return ""
    proxies = getproxies()
    return proxies.get("https" if address.secure else "http") or proxies.get("all") or ""


def _place(url: str) -> str:
    """Host and port of a proxy's URL, which may have a password besides."""
    return urlsplit(url).netloc.rpartition("@")[2]
