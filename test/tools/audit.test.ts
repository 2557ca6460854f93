import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { audit, describeAudit } from '../../tools/audit.ts'

const OFFLINE = (why: string): string[] => [`The registry cannot be asked for advisories here (${why}).`]

describe('advisories', () => {
  it.each([
    ['none', '{"vulnerabilities":{}}', ['No advisories for the packages that users install.']],
    [
      'some',
      '{"vulnerabilities":{"undici":{"severity":"high","range":"<9","fixAvailable":true},"x":{"severity":"low","range":"*","fixAvailable":false}}}',
      ['high: undici <9 (a fix is available)', 'low: x * (no fix yet)'],
    ],
    ['no network', '{"error":{"code":"ENOTFOUND","summary":"request failed"}}', OFFLINE('ENOTFOUND')],
    ['a registry without advisories', '{"statusCode":405,"error":{"summary":""}}', OFFLINE('405')],
    ['no JSON', 'npm ERR! what', OFFLINE('no answer')],
    ['nothing', '', OFFLINE('no answer')],
  ])('are told of in lines: %s', (_title, text, lines) => {
    expect(describeAudit(text)).toEqual(lines)
  })

  it('never fail a run, not even without npm', () => {
    expect(audit(tmpdir(), 'no-such-npm')).toEqual(OFFLINE('no answer'))
  })
})
