"""
Yubico's yubikit, as it comes from PyPI with yubikey-manager, manages keys and content. Argument 1: the load file.
It was written for another maker's cards; whatever it finds here, it finds because both keep to GlobalPlatform.
"""

from smartcard.System import readers
from ykman.pcsc import ScardSmartCardConnection
from yubikit.core.smartcard import ApduError
from yubikit.core.smartcard.scp import KeyRef, Scp03KeyParams, StaticKeys
from yubikit.securitydomain import SecurityDomainSession

import load_file

EVERYTHING = bytes.fromhex("4F00")
LISTS = {"domain": 0x80, "programs": 0x40, "load files": 0x20, "load files and modules": 0x10}
NEXT_KEYS = StaticKeys(*[bytes(16 * [fill]) for fill in (0x41, 0x42, 0x43)])


def say(what):
    """What is done next, before what came of it."""
    print(f"# {what}", flush=True)


def keys(session):
    """The key sets that the card names."""
    for ref, parts in session.get_key_information().items():
        print(f"key {ref.kid} version {ref.kvn}: " + ", ".join(f"type {kind:02x}, {size} bytes" for kind, size in parts.items()))


def listed(session):
    """GET STATUS, every list."""
    for name, p1 in LISTS.items():
        try:
            print(f"{name}: {session.protocol.send_apdu(0x80, 0xF2, p1, 0x02, EVERYTHING).hex()}")
        except ApduError as error:
            print(f"{name}: {error.sw:04X}")


def opened(connection, version, static):
    """A session whose channel makes everything authentic and secret, which is the only level this client speaks."""
    session = SecurityDomainSession(connection)
    session.authenticate(Scp03KeyParams(KeyRef(1, version), static))
    return session


def install(session):
    """The client's channel carries what we give it."""
    session.protocol.send_apdu(0x80, 0xE6, 0x02, 0x00, load_file.install_for_load())
    for p1, p2, block in load_file.blocks():
        session.protocol.send_apdu(0x80, 0xE8, p1, p2, block)
    session.protocol.send_apdu(0x80, 0xE6, 0x0C, 0x00, load_file.install_for_install())


def delete(session, aid):
    """DELETE by name."""
    session.protocol.send_apdu(0x80, 0xE4, 0x00, 0x00, b"\x4f" + load_file.counted(aid))


def main():
    card = readers()[0].createConnection()
    card.connect()
    connection = ScardSmartCardConnection(card)
    say("select the security domain; key information and card recognition data, without a channel")
    plain = SecurityDomainSession(connection)
    keys(plain)
    print(plain.get_card_recognition_data().hex())
    say("SCP03, level 33; the empty card")
    session = opened(connection, 1, StaticKeys(*load_file.KEYS))
    listed(session)
    say("load and install the purse")
    install(session)
    listed(session)
    say("put_key: a second key set; a channel with it; delete_key: the first")
    session.put_key(KeyRef(1, 2), NEXT_KEYS)
    session = opened(connection, 2, NEXT_KEYS)
    session.delete_key(kvn=1)
    keys(session)
    say("delete the program and the package")
    delete(session, load_file.PURSE)
    delete(session, load_file.PACKAGE)
    listed(session)
    say("done")


main()
