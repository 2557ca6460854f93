import { expect } from 'vitest'
import type { Prompter } from '../../../runner/cli/form/prompter.ts'

/** Answers by the beginning of the question; an unexpected question fails the test. */
export function makePrompter(
  answers: Record<string, string | readonly string[]>,
): Prompter & { asked: string[] } {
  const asked: string[] = []
  const find = (message: string): string | readonly string[] => {
    asked.push(message)
    const key = Object.keys(answers).find((start) => message.startsWith(start))
    if (key === undefined) throw new Error(`unexpected question ${message}`)
    return answers[key] ?? ''
  }
  const answerText = async (question: {
    message: string
    check: (value: string) => string | undefined
  }): Promise<string> => {
    const value = String(find(question.message))
    expect(question.check(value)).toBeUndefined()
    return value
  }
  return {
    asked,
    intro: () => undefined,
    text: answerText,
    secret: answerText,
    choose: async (message) => String(find(message)),
    chooseMany: async (message) => [find(message)].flat(),
  }
}
