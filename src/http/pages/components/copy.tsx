import { useSay } from './reader.tsx'

/** Puts a text on the clipboard; works by script, and is hidden without one. */
export function Copy({ text, label }: { text: string; label: string }) {
  const say = useSay()
  return (
    <button
      type="button"
      class="second small-button"
      data-copies={text}
      data-done={say('page.copied')}
      hidden
    >
      {label}
    </button>
  )
}
