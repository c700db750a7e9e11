/** How outcomes are told: as a table, on a screen and on the page, and layer by layer. Pure. */
import { type Outcome, objections } from './launch.ts'
import type { Layer } from './layer.ts'

const HEAD = ['layer', 'tried', 'found', 'seconds', 'budget'] as const

/** A row for each layer that has an outcome, in Markdown that also reads well on a screen. */
export function table(layers: readonly Layer[], outcomes: Readonly<Record<string, Outcome>>): string {
  const rows = layers.flatMap(layer => {
    const outcome = outcomes[layer.name]
    return outcome === undefined ? [] : [rowOf(layer, outcome)]
  })
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(HEAD), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

const rowOf = (layer: Layer, outcome: Outcome): readonly string[] => [
  layer.name,
  `${outcome.tried.toLocaleString('en')} ${layer.tries}`,
  objections(layer, outcome).length === 0 ? 'nothing' : `${objections(layer, outcome).length}, see below`,
  outcome.seconds.toFixed(0),
  layer.budgetSeconds[outcome.size].toFixed(0),
]

/** A section for each layer: what holds, how to run it, what was tried, what was found. */
export function details(layers: readonly Layer[], outcomes: Readonly<Record<string, Outcome>>): string {
  return layers.map(layer => section(layer, outcomes[layer.name])).join('\n\n')
}

function section(layer: Layer, outcome: Outcome | undefined): string {
  const head = `### ${layer.name}\n\n${layer.proves}`
  if (outcome === undefined) return `${head}\n\nNot run yet.`
  const { size, seed, seconds, tried, figures } = outcome
  const command = `npm run proof -- ${layer.name} --seed ${seed}${size === 'quick' ? ' --quick' : ''}`
  const found = objections(layer, outcome)
  const facts = Object.entries({
    [`${layer.tries} tried`]: tried.toLocaleString('en'),
    took: `${seconds.toFixed(0)} s`,
    ...figures,
  })
  return [
    `${head} Run by \`${command}\`.`,
    `| what | how much |\n|---|---|\n${facts.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}`,
    found.length === 0 ? 'Found: nothing.' : `Found:\n\n${found.map(each => `- ${each}`).join('\n')}`,
  ].join('\n\n')
}
