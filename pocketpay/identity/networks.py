"""What counts as one address, as one network, and as one provider.

address    an IPv4 address, or the 64 bits of IPv6 that one customer is given at least
network    24 bits of IPv4, or the 48 bits of IPv6 that one customer is given at most
provider   16 bits of IPv4, or the 32 bits of IPv6 that one provider is given at least
"""

import ipaddress

ADDRESS_BITS = {4: 32, 6: 64}
NETWORK_BITS = {4: 24, 6: 48}
PROVIDER_BITS = {4: 16, 6: 32}


def address(typed: str) -> str:
    """The address that a peer counts as. A text that is no IP address counts as itself."""
    return _prefix(typed, ADDRESS_BITS)


def network(typed: str) -> str:
    """The network that a peer counts as part of. A text that is no IP address counts as itself."""
    return _prefix(typed, NETWORK_BITS)


def provider(typed: str) -> str:
    """The provider that a peer counts as a customer of. A text that is no IP address counts as itself."""
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
