"""What the clients in Python share: the card's static keys, and a load file as GlobalPlatform's commands. No client itself."""

import sys

ISSUER_DOMAIN = bytes.fromhex("A000000151000000")
PACKAGE = bytes.fromhex("F04B4F5A454E49")
MODULE = PACKAGE + b"\x01"
PURSE = MODULE
KEYS = [bytes(range(first, first + 16)) for first in (0x10, 0x20, 0x30)]
BLOCK_BYTES = 200


def path():
    """Where the load file lies: the first argument."""
    return sys.argv[1]


def counted(value):
    """A field of INSTALL, its length before it."""
    return bytes([len(value)]) + value


def install_for_load():
    """Data of INSTALL [for load]: package, domain, no hash, no parameters, no token."""
    return counted(PACKAGE) + counted(ISSUER_DOMAIN) + bytes(3)


def install_for_install():
    """Data of INSTALL [for install and make selectable]: no privileges, empty parameters, no token."""
    return b"".join(map(counted, (PACKAGE, MODULE, PURSE, b"\x00", b"\xc9\x00", b"")))


def blocks():
    """The load file in pieces: (P1, P2, data) of each LOAD."""
    with open(path(), "rb") as file:
        whole = file.read()
    cut = [whole[at : at + BLOCK_BYTES] for at in range(0, len(whole), BLOCK_BYTES)]
    return [(0x80 if i == len(cut) - 1 else 0x00, i & 0xFF, data) for i, data in enumerate(cut)]
