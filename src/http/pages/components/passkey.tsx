import { useSay } from './reader.tsx'

type Props = {
  /** Whether one is proved or made. */
  does: 'get' | 'create'
  /** What the browser is asked for, as WebAuthn has it in JSON. */
  options: object
  label: string
  /** The page that asks for the same anew, where this one may stand open for longer than a challenge is good. */
  fresh?: string
  /** Where the form goes with a passkey, where that is another place than without. */
  action?: string
  /** Whether the browser offers passkeys in the field for the name already. */
  autofill?: boolean
  look?: 'main' | 'second'
}

/** Asks the browser for a passkey, by script, and sends its answer with the form. Without one it says so, where nothing else is asked. */
export function Passkey({ does, options, label, fresh, action, autofill, look = 'main' }: Props) {
  const say = useSay()
  return (
    <div
      class={look === 'second' ? 'after' : undefined}
      data-passkey={does}
      data-options={JSON.stringify(options)}
      data-fresh={fresh}
      data-action={action}
      data-autofill={autofill ? '' : undefined}
      data-known={say('passkey.failedKnown')}
      data-stopped={say('passkey.stopped')}
      data-failed={say('passkey.failed')}
    >
      <input type="hidden" name="credential" />
      <noscript>
        <p class="hint">{say('passkey.unable')}</p>
      </noscript>
      <p class="hint" hidden>
        {say('passkey.unable')}
      </p>
      <p class="wrong" role="alert" />
      <button type="button" class={look === 'second' ? 'second' : undefined} hidden>
        {label}
      </button>
    </div>
  )
}
