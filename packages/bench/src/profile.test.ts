import type { Profiler } from 'node:inspector/promises'
import { expect, test } from 'vitest'
import { spentIn } from './profile.ts'

const node = (id: number, functionName: string, url = ''): Profiler.ProfileNode => ({
  id,
  callFrame: { functionName, url, scriptId: '1', lineNumber: 1, columnNumber: 1 },
})

test('each function has its own part of the time in which anything ran, the most first', () => {
  const nodes = [
    node(1, '(root)'),
    node(2, '(idle)'),
    node(3, 'post', 'node:inspector'),
    node(4, 'book', 'file:///a/b/center/src/book.ts'),
    node(5, '', 'file:///a/b/center/src/book.ts'),
    node(6, 'book', 'file:///a/b/center/src/book.ts'),
    node(7, '(garbage collector)'),
  ]
  const profile = { nodes, startTime: 0, endTime: 0, samples: [1, 2, 3, 4, 5, 6, 7, 4] }
  expect(spentIn({ ...profile, timeDeltas: [900, 800, 700, 10, 30, 20, 10, 30] })).toEqual([
    { what: 'book (center/src/book.ts)', part: 0.6 },
    { what: 'a function without a name (center/src/book.ts)', part: 0.3 },
    { what: '(garbage collector)', part: 0.1 },
  ])
})
