import { describe, expect, test } from 'vitest'

import {
  decideNotification,
  type DeduplicationFacts,
  type MemberView,
} from './deduplicate-notification.ts'

const facts: DeduplicationFacts = {
  receiver: 'team',
  isRouted: true,
  isFlush: true,
  sendResolved: true,
  repeatMs: 100,
  notifiedAt: 1_000,
  now: 1_050,
  owedLevel: 0,
  isAcknowledged: false,
  owesAcknowledgement: false,
}

const isNew: MemberView = { isFiring: true, isVisible: true, told: ['other'], unsure: [] }
const isKnown: MemberView = { isFiring: true, isVisible: true, told: ['other', 'team'], unsure: [] }
const isMuted: MemberView = { isFiring: true, isVisible: false, told: ['team'], unsure: [] }
const isMutedNew: MemberView = { isFiring: true, isVisible: false, told: [], unsure: [] }
const hasEnded: MemberView = { isFiring: false, isVisible: false, told: ['team'], unsure: [] }
const hasEndedUnseen: MemberView = { isFiring: false, isVisible: false, told: [], unsure: [] }
const isUnsure: MemberView = { isFiring: true, isVisible: true, told: [], unsure: ['team'] }
const hasEndedUnsure: MemberView = { ...isUnsure, isFiring: false, isVisible: false }

describe('a receiver', () => {
  test.each<[string, MemberView[], Partial<DeduplicationFacts>, string]>([
    ['hears of what is new', [isNew, isKnown], {}, 'firing'],
    ['hears of it with what ended', [isNew, hasEnded], {}, 'firing'],
    ['hears again of what may not have arrived', [isUnsure, isKnown], {}, 'firing'],
    ['hears of the end of what may have arrived', [hasEndedUnsure], {}, 'resolved'],
    ['hears when all has ended', [hasEnded, hasEndedUnseen], {}, 'resolved'],
    ['hears when some has ended', [hasEnded, isKnown], {}, 'resolved-members'],
    ['hears that while the rest is muted', [hasEnded, isMuted], {}, 'resolved-members'],
    ['hears of the end of all that it knew', [hasEnded, isMutedNew], {}, 'resolved'],
    ['hears again when it is time', [isKnown], { now: 1_100 }, 'repeat'],
    ['of an escalation hears its step', [isNew], { isRouted: false, owedLevel: 1 }, 'escalation'],
    [
      'hears its step while the interval runs',
      [isKnown],
      { isFlush: false, owedLevel: 2 },
      'escalation',
    ],
    ['of an escalation hears the end', [hasEnded, isNew], { isRouted: false }, 'resolved'],
    [
      'sees an acknowledgement',
      [isKnown],
      { isFlush: false, owesAcknowledgement: true },
      'acknowledged',
    ],
  ])('%s', (_, members, given, reason) => {
    expect(decideNotification(members, { ...facts, ...given })).toEqual({ reason })
  })

  test.each<[string, MemberView[], Partial<DeduplicationFacts>, string]>([
    ['what it knows', [isKnown], {}, 'nothing-new'],
    ['a repetition before its time', [isKnown], { now: 1_099 }, 'nothing-new'],
    ['what is muted, again', [isMuted], { now: 9_999 }, 'nothing-new'],
    ['what is muted', [isMutedNew], {}, 'nothing-to-tell'],
    ['what ended before it was told', [hasEndedUnseen], {}, 'nothing-to-tell'],
    ['nothing', [], {}, 'nothing-to-tell'],
    ['news while the interval runs', [isNew, hasEnded], { isFlush: false }, 'not-due'],
    ['an end that is not wanted', [hasEnded], { sendResolved: false }, 'resolved-unwanted'],
    ['of an escalation, news', [isNew], { isRouted: false }, 'nothing-to-tell'],
    ['of an escalation, repetitions', [isKnown], { isRouted: false, now: 9_999 }, 'nothing-new'],
    [
      'a step that was acknowledged',
      [isKnown],
      { owedLevel: 1, isAcknowledged: true },
      'nothing-new',
    ],
    ['a step of what is muted', [isMuted], { owedLevel: 1 }, 'nothing-new'],
    [
      'an acknowledgement of what is muted',
      [isMuted],
      { owesAcknowledgement: true },
      'nothing-new',
    ],
  ])('is not told %s', (_, members, given, why) => {
    expect(decideNotification(members, { ...facts, ...given })).toEqual({ reason: null, why })
  })
})
