/** The refusals as a page for people, made from the one table that every edge reads. Pure: it writes no file. */
import { type RefusalCode, WIRE } from '@kozeni/protocol/refusal'
import type { Route } from './route.ts'
import { allRoutes } from './routes.ts'

const HEAD = `# Refusals

Every reason to say no, by the name of the state of the world that stands against it. Made from \`packages/protocol/src/refusal.ts\`
by \`npm run generate\`; change it there.

- **Status word** is what a chip says (ISO 7816-4); — where no chip says it.
- **HTTP** is the status of the problem details that carry it (RFC 9457).
- **Retry**: *same*, repeat it later as it is; *changed*, mend the request first; *never*, the answer is final.

| Code | Status word | HTTP | Retry | What is so | What to do next |
|---|---|---|---|---|---|
`

const CODES = Object.keys(WIRE) as RefusalCode[]

/** @returns docs/spec/refusals.md */
export const refusalTable = (): string => `${HEAD}${CODES.map(row).join('\n')}

## Where they are said

What each route of the center refuses of its own. What any route of its kind may refuse (wrong input, wrong signature, wrong
caller, a reused key, a busy center) is listed for each of them in \`docs/openapi.json\`.

${allRoutes
  .filter(({ refuses }) => refuses.length > 0)
  .map(line)
  .join('\n')}
`

function row(code: RefusalCode): string {
  const { statusWord, http, retry, title, remedy } = WIRE[code]
  const word = statusWord === 0 ? '—' : `\`${statusWord.toString(16).padStart(4, '0')}\``
  return `| \`${code}\` | ${word} | ${http} | ${retry} | ${title} | ${remedy} |`
}

const line = ({ method, path, refuses }: Route): string =>
  `- \`${method} ${path}\`: ${refuses.map(code => `\`${code}\``).join(', ')}`
