/** What the auditor says when two things that must agree do not. */

/** One disagreement. Amounts are minor units; `difference` is what is there less what should be. */
export interface Finding {
  /** Where: table and key, as an operator can look it up. */
  readonly row: string
  /** One plain sentence. */
  readonly says: string
  readonly expected: string
  readonly found: string
  readonly difference: bigint | undefined
  readonly invariant: 'INV-SUM' | 'INV-ACCOUNTED' | 'INV-ONCE' | 'INV-EVID' | 'INV-FLAG' | 'INV-LAW' | 'INV-AUDIT'
}

/** An amount in minor units is a bigint, and has a difference; everything else is only the same or not. */
export type Fact = bigint | number | string | undefined

/** Which row of which table, what is to be said of it where it disagrees, and what is then broken. */
export interface Claimed {
  readonly row: string
  readonly says: string
  readonly invariant: Finding['invariant']
}

/** Nothing where both are the same. */
export function compared(claimed: Claimed, expected: Fact, found: Fact): Finding[] {
  if (expected === found) return []
  const difference = typeof expected === 'bigint' && typeof found === 'bigint' ? found - expected : undefined
  return [{ ...claimed, expected: spelled(expected), found: spelled(found), difference }]
}

const spelled = (fact: Fact): string => (fact === undefined ? 'none' : String(fact))
