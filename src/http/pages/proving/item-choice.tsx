import type { ItemChoice } from '../../../core/proving/proving.ts'
import type { Choice } from '../components/choices.tsx'
import type { Say } from '../components/reader.tsx'

/** An item among what may be proved: a contact by its hint, anything else by its kind. */
export function itemChoice(item: ItemChoice, say: Say): Choice {
  const choice = openChoice(item, say)
  return item.closed ? { ...choice, hint: say('choose.closed') } : choice
}

function openChoice({ id, kind, hint }: ItemChoice, say: Say): Choice {
  switch (kind) {
    case 'email':
    case 'phone':
      return { value: id, label: <bdi dir="ltr">{hint}</bdi>, hint: say(`choose.${kind}`) }
    case 'totp':
      return { value: id, label: say('choose.totp'), hint: <bdi>{hint}</bdi> }
    case 'passkey':
      return { value: id, label: say('choose.passkey') }
    case 'recovery_code':
      return { value: id, label: say('choose.recovery_code'), hint: say('choose.recoveryHint') }
  }
}
