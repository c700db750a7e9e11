"""
Py-GP, as it comes from PyPI, manages the card. Argument 1: the load file.
What it needs from outside to run at all: Debian's binding of PC/SC in place of the one for Windows that it carries, and a
decorator that newer versions of `cryptography` no longer have. No line of its own is changed.
"""

import sys

import cryptography.utils
import smartcard.scard
from smartcard.System import readers

import load_file

sys.modules["pygp.connection.pcsc"] = smartcard.scard
cryptography.utils.register_interface = lambda interface: lambda cls: cls

import pygp  # noqa: E402

CONSOLE, INFO = 0x01, 0x08
EVERYTHING_SECRET = 0x33


def say(what):
    """What is done next, before what the client prints of it."""
    print(f"# {what}", flush=True)


def refused(what, call):
    """Something that must not work, with the client's or the card's reason."""
    say(what)
    try:
        call()
    except BaseException as reason:  # noqa: BLE001  the client raises that
        print(f"refused: {reason}".replace(load_file.path(), "purse.load"), flush=True)
        return
    sys.exit(f"{what}: was not refused")


def connect():
    """Reader, card manager, keys, channel: everything authentic and secret."""
    say("connect and select the card manager")
    pygp.terminal(str(readers()[0]))
    pygp.change_protocol("T1")
    pygp.card()
    pygp.set_key(*[f"01/{i + 1}/AES/{key.hex()}" for i, key in enumerate(load_file.KEYS)])
    say("key information, production life cycle")
    pygp.get_key_information()
    pygp.get_cplc()
    say("SCP03, level 33")
    pygp.auth(keysetversion="01", securitylevel=EVERYTHING_SECRET)


def send(ins, p1, p2, data):
    """Through the client's channel, and with Le: its own install() and delete() leave that out."""
    pygp.send(f"80{ins:02X}{p1:02X}{p2:02X}" + load_file.counted(data).hex() + "00")


def install():
    """By the client's `send`, since what it knows of load files is CAP."""
    send(0xE6, 0x02, 0x00, load_file.install_for_load())
    blocks = load_file.blocks()
    for p1, p2, block in blocks:
        send(0xE8, p1, p2, block)
    print(f"{len(blocks)} blocks", flush=True)
    send(0xE6, 0x0C, 0x00, load_file.install_for_install())


def main():
    pygp.set_log_mode(CONSOLE | INFO)
    connect()
    refused("list the empty card", pygp.ls)
    refused("load the purse's load file with the client's upload()", lambda: pygp.upload(load_file.path(), load_file.ISSUER_DOMAIN.hex()))
    say("INSTALL [for load], LOAD, INSTALL [for install], by the client's send()")
    install()
    say("ls(): what is on the card")
    pygp.ls()
    refused("delete() the package while its program is there", lambda: pygp.delete(load_file.PACKAGE.hex()))
    refused("delete() the program: gone, but the client does not know 61xx on T=1", lambda: pygp.delete(load_file.PURSE.hex()))
    say("DELETE of the package, by the client's send()")
    send(0xE4, 0x00, 0x00, b"\x4f" + load_file.counted(load_file.PACKAGE))
    refused("list the card, empty again", pygp.ls)
    say("done")


main()
