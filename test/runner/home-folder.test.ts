import { describe, expect, it } from 'vitest'
import { homeUnusable } from '../../runner/home-folder.ts'

describe('a home that cannot be written', () => {
  it.each(['ENOSPC', 'EDQUOT'])('for want of room (%s) asks for room, and not for permissions', (code) => {
    const cause = Object.assign(new Error(`${code}: no space left on device, write`), { code })
    const { parts } = homeUnusable('/srv/home/.dff', cause)
    expect(parts).toMatchObject({ place: '/srv/home/.dff', got: cause.message })
    expect(parts.remedy).toContain('free some space')
    expect(parts.remedy).not.toContain('permissions')
  })

  it('for want of rights asks for them or for another home', () => {
    const cause = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(homeUnusable('/srv/home', cause).parts.remedy).toContain('permissions')
    expect(homeUnusable('/srv/home', 'whatever was thrown').parts.got).toBe('whatever was thrown')
  })
})
