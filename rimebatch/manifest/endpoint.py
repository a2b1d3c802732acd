"""Which endpoints a manifest may name, and where the line may be unencrypted.

Knows nothing about connecting; the names ``local`` and ``cloud`` stay names.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from rimebatch.manifest.mistakes import Flaw, suggest

NAMED_ENDPOINTS = ("local", "cloud")

_EXAMPLE = "write wss://host/ws3 with the host of your service"
# RFC 3986, section 2. urlsplit would drop line breaks and tabs without a word.
_URL = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")


def find_endpoint_flaw(endpoint: str, plain_ws_hosts: Collection[str]) -> Flaw | None:
    """Return why *endpoint* cannot be used, or ``None``.

    No flaw quotes the address: what is wrong with it may be a password in it.

    Args:
        endpoint: ``local``, ``cloud`` or an address.
        plain_ws_hosts: Hosts to which ``ws://`` is allowed beside the loopback.
    """
    if endpoint in NAMED_ENDPOINTS:
        return None
    if "://" not in endpoint:
        what = "expected local, cloud or an address"
        return Flaw(what, suggest(endpoint, NAMED_ENDPOINTS, _EXAMPLE))
    flaw = Flaw("is not an address that can be connected to", _EXAMPLE)
    if not _URL.fullmatch(endpoint):
        return flaw
    try:
        address = urlsplit(endpoint)
        if address.port == 0:
            return flaw
    except ValueError:  # a port out of range, or brackets that are not closed
        return flaw
    return _find_address_flaw(address, endpoint, plain_ws_hosts)


def find_host_flaw(host: str) -> Flaw | None:
    """Return why *host* is neither the name of a host nor its address, or ``None``."""
    if _HOST_NAME.fullmatch(host) or _is_ip(host):
        return None
    return Flaw("is not a host", "write its name alone, without scheme, port and path")


def is_here(endpoint: str) -> bool:
    """Return whether *endpoint* is on this computer, where nobody bills for a voice."""
    if "://" not in endpoint:
        return endpoint == "local"
    try:
        return is_loopback(urlsplit(endpoint).hostname or "")
    except ValueError:  # no address at all, which is reported elsewhere
        return False


def is_loopback(host: str) -> bool:
    """Return whether *host*, a name or an address, is this computer itself."""
    return host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def _find_address_flaw(
    address: SplitResult, endpoint: str, plain_ws_hosts: Collection[str]
) -> Flaw | None:
    if address.scheme not in {"ws", "wss"}:
        return Flaw("the address does not begin with wss://", _EXAMPLE)
    if "@" in address.netloc:
        what = "the address holds a user name or a password"
        return Flaw(what, "remove it; the key comes from RIME_API_KEY alone")
    if "?" in endpoint or "#" in endpoint:
        what = "the address holds a query or a fragment"
        return Flaw(what, "end it before ? and #; parameters stand under voice")
    host = address.hostname or ""
    if find_host_flaw(host) or not address.path:
        return Flaw("the address has no host or no path", _EXAMPLE)
    if address.scheme == "wss" or is_loopback(host):
        return None
    return _find_plain_flaw(host, plain_ws_hosts)


def _find_plain_flaw(host: str, plain_ws_hosts: Collection[str]) -> Flaw | None:
    if host in {allowed.lower() for allowed in plain_ws_hosts}:
        return None
    what = "ws:// would send the key and the text unencrypted"
    return Flaw(what, f"use wss://, or allow it by adding {host} to plain_ws_hosts")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
