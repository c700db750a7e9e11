/** A device that remembers as long as its process lives: for simulations, and for browsers that store the text. */
import { type DeviceMemory, type DeviceState, deviceFromText, deviceText } from './device.ts'

export class MemoryDeviceMemory implements DeviceMemory {
  #text: string | undefined

  async read(): Promise<DeviceState | undefined> {
    return this.#text === undefined ? undefined : deviceFromText(this.#text)
  }

  async write(state: DeviceState): Promise<void> {
    this.#text = deviceText(state)
  }
}
