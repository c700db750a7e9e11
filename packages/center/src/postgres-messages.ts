/**
 * What a trip sends, message behind message in one piece of memory, so that it is one write: the part of PostgreSQL's
 * frontend protocol that the book speaks (its manual, "Message Formats"). Portals are without a name, results come as text.
 */

const FIRST_BYTES = 2048
const TEXT = 0
const BINARY = 1
const NULL_LENGTH = -1
/** UTF-8 takes no more for a UTF-16 code unit. */
const UNIT_BYTES = 3

export class Messages {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #at = 0
  /** Where the message under way has its length. */
  #from = 0

  /** Prepares the statement, again where it was prepared before, and asks what its columns are. */
  prepare(name: string, text: string): void {
    this.#begin('C')
    this.#text(`S${name}`)
    this.#end()
    this.#begin('P')
    this.#text(name)
    this.#text(text)
    this.#int16(0) // every parameter's type is found by PostgreSQL
    this.#end()
    this.#begin('D')
    this.#text(`S${name}`)
    this.#end()
  }

  /** Runs a statement that is prepared; bytes are values in binary. */
  run(name: string, values: readonly (Buffer | string | null)[]): void {
    this.#begin('B')
    this.#text('')
    this.#text(name)
    this.#int16(values.length)
    for (const value of values) this.#int16(typeof value === 'string' ? TEXT : BINARY)
    this.#int16(values.length)
    this.#room(values.reduce((sum, value) => sum + 4 + mostBytes(value), 0))
    for (const value of values) this.#value(value)
    this.#int16(1) // one form for all results
    this.#int16(TEXT)
    this.#end()
    this.#begin('E')
    this.#text('')
    this.#int32(0) // all rows
    this.#end()
  }

  /** The end of the trip. @returns all of it */
  end(): Buffer {
    this.#begin('S')
    this.#end()
    return this.#bytes.subarray(0, this.#at)
  }

  #begin(type: string): void {
    this.#room(5)
    this.#bytes[this.#at] = type.charCodeAt(0)
    this.#from = this.#at + 1
    this.#at += 5
  }

  #end(): void {
    this.#bytes.writeInt32BE(this.#at - this.#from, this.#from)
  }

  #value(value: Buffer | string | null): void {
    if (value === null) return this.#int32(NULL_LENGTH)
    const from = this.#at
    this.#int32(0)
    if (typeof value === 'string') this.#characters(value)
    else this.#at += value.copy(this.#bytes, this.#at)
    this.#bytes.writeInt32BE(this.#at - from - 4, from)
  }

  #text(text: string): void {
    this.#characters(text)
    this.#room(1)
    this.#bytes[this.#at++] = 0
  }

  #characters(text: string): void {
    this.#room(UNIT_BYTES * text.length)
    this.#at += this.#bytes.write(text, this.#at)
  }

  #int16(value: number): void {
    this.#room(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
  }

  #int32(value: number): void {
    this.#room(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const more = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + size))
    this.#bytes.copy(more, 0, 0, this.#at)
    this.#bytes = more
  }
}

const mostBytes = (value: Buffer | string | null): number =>
  typeof value === 'string' ? UNIT_BYTES * value.length : (value?.length ?? 0)
