/**
 * Places in a document that a run fills in: `<!-- name -->` … `<!-- end -->`. What people wrote around them stays; what
 * stands inside is a run's own word.
 */
import { readFileSync, writeFileSync } from 'node:fs'

/** The document with what stands in its place `name` replaced. Throws when it has no such place. */
export function filled(document: string, name: string, text: string): string {
  const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`)
  if (!place.test(document)) throw new Error(`the page has no place <!-- ${name} -->`)
  return document.replace(place, (_, begin, end) => `${begin}\n${text.trimEnd()}\n\n${end}`)
}

/** As `filled`, in a file. */
export function fill(path: string, name: string, text: string): void {
  writeFileSync(path, filled(readFileSync(path, 'utf8'), name, text))
}
