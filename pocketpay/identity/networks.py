"""Groups IP addresses into addresses, networks and providers, for counting.

address    an IPv4 address, or a /64 of IPv6, the smallest block that one customer gets
network    a /24 of IPv4, or a /48 of IPv6, the largest block that one customer gets
provider   a /16 of IPv4, or a /32 of IPv6, the smallest block that one provider gets
"""

import ipaddress

ADDRESS_BITS = {4: 32, 6: 64}
NETWORK_BITS = {4: 24, 6: 48}
PROVIDER_BITS = {4: 16, 6: 32}


def address(typed: str) -> str:
    """Returns the address that a peer is counted as. A text that is not an IP address is returned unchanged."""
    return _prefix(typed, ADDRESS_BITS)


def network(typed: str) -> str:
    """Returns the network that a peer belongs to. A text that is not an IP address is returned unchanged."""
    return _prefix(typed, NETWORK_BITS)


def provider(typed: str) -> str:
    """Returns the provider that a peer belongs to. A text that is not an IP address is returned unchanged."""
    return _prefix(typed, PROVIDER_BITS)


def _prefix(typed: str, bits: dict[int, int]) -> str:
    try:
        parsed = ipaddress.ip_address(typed.partition("%")[0])
    except ValueError:
        return typed
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    length = bits[parsed.version]
    if length == parsed.max_prefixlen:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, length), strict=False))
