"""How many APDUs a second go through pcscd and the virtual reader to the chip and back: GET DATA, for two seconds."""

import time

from smartcard.System import readers

SECONDS = 2
GET_CARD_NUMBER = [0x80, 0xCA, 0x00, 0x45, 0x00]

card = readers()[0].createConnection()
card.connect()
start, count = time.perf_counter(), 0
while time.perf_counter() - start < SECONDS:
    _, high, low = card.transmit(GET_CARD_NUMBER)
    assert (high, low) == (0x90, 0x00)
    count += 1
print(round(count / (time.perf_counter() - start)))
