/**
 * A reader that lets no answer of the chip out before everything the chip wrote for it is durable: for memories that
 * need time for that (silicon-image.ts). An answer that cannot be kept is never heard; its contact is over, as after a
 * power cut, and what the chip did is not known outside (C-1).
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Reader } from '@kozeni/protocol/reader'

/** What of a memory this needs. */
export interface Flushable {
  flush(): Promise<void>
}

export class FlushedReader implements Reader {
  readonly #reader: Reader
  readonly #silicon: Flushable

  /** @param silicon  the memory of the chip that `reader` reaches */
  constructor(reader: Reader, silicon: Flushable) {
    this.#reader = reader
    this.#silicon = silicon
  }

  async connect(): Promise<boolean> {
    const found = await this.#reader.connect()
    return (await this.#kept()) && found
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    const answer = await this.#reader.transmit(command)
    return (await this.#kept()) ? answer : undefined
  }

  disconnect(): Promise<void> {
    return this.#reader.disconnect()
  }

  async #kept(): Promise<boolean> {
    try {
      await this.#silicon.flush()
      return true
    } catch {
      await this.#reader.disconnect() // why does not matter to who reads: the chip is gone, and may come back
      return false
    }
  }
}
