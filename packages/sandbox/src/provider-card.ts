/** The test cards, and how each of them answers: Stripe's own names, codes and wording. */
import type { CardError } from './provider-object.ts'

export type Decline = Pick<CardError, 'code' | 'decline_code' | 'message'>

/** What an armed `decline` says, whatever the card. */
export const GENERIC_DECLINE: Decline = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
}

const declines: Readonly<Record<string, Decline>> = {
  chargeDeclined: GENERIC_DECLINE,
  chargeDeclinedInsufficientFunds: {
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  chargeDeclinedLostCard: { ...GENERIC_DECLINE, decline_code: 'lost_card' },
  chargeDeclinedStolenCard: { ...GENERIC_DECLINE, decline_code: 'stolen_card' },
  chargeDeclinedFraudulent: { ...GENERIC_DECLINE, decline_code: 'fraudulent' },
  chargeDeclinedExpiredCard: { code: 'expired_card', message: 'Your card has expired.' },
  chargeDeclinedIncorrectCvc: { code: 'incorrect_cvc', message: "Your card's security code is incorrect." },
  chargeDeclinedProcessingError: {
    code: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
  authenticationRequired: {
    code: 'authentication_required',
    decline_code: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  },
}

/** Every `pm_card_…` is a card; those not in the table above are good for any amount. */
export const isCard = (paymentMethod: string): boolean => /^pm_card_\w+$/.test(paymentMethod)

/** @returns why this card says no, or undefined when it pays */
export function declineOf(paymentMethod: string): Decline | undefined {
  const name = paymentMethod.replace(/^pm_card_(visa_)?/, '')
  return Object.hasOwn(declines, name) ? declines[name] : undefined
}
