import { HIDDEN } from 'guance-aws-lambda/dff'

/** Digits of one block, or in the groups that are printed on cards; each alternative has a bounded length. */
const CANDIDATE =
  /(?<![\d.])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{5}|\d{13,19})(?!\d)/g

/** What card numbers begin with: Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro. Times in ms and ns begin otherwise. */
const ISSUER = /^(?:4|5[0-8]|2[2-7]|3[0456-9]|6)/

/** The digits at the end that tell which card it was. */
const SHOWN_DIGITS = 4

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at])
    const doubled = digit * 2
    sum += at % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** The text with card numbers hidden but for the last four digits; other long numbers pass, unless one in ten looks the same. */
export function hideCardNumbers(text: string): string {
  return text.replaceAll(CANDIDATE, (candidate) => {
    const digits = candidate.replaceAll(/\D/g, '')
    if (!ISSUER.test(digits) || !passesLuhn(digits)) return candidate
    return `${HIDDEN}${digits.slice(-SHOWN_DIGITS)}`
  })
}
