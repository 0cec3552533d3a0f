import { groupedRecoveryCode } from '../../../core/security-info/recovery-code.ts'
import { Copy } from './copy.tsx'
import { useReader, useSay } from './reader.tsx'

/** A recovery code to keep: it can be copied, printed, and taken along as a file. */
export function RecoveryCodeShown({ code, name }: { code: string; name: string }) {
  const { site } = useReader()
  const say = useSay()
  const grouped = groupedRecoveryCode(code)
  const file = `${say('recoveryCode.file', { name, operator: site.name })}\r\n\r\n${grouped}\r\n\r\n${site.publicUrl}\r\n`
  return (
    <>
      <bdo dir="ltr" class="digits-shown long">
        {grouped}
      </bdo>
      <p class="row">
        <Copy text={grouped} label={say('recoveryCode.copy')} />
        <button type="button" class="second small-button" data-prints hidden>
          {say('recoveryCode.print')}
        </button>
        <a
          class="button second small-button"
          download="recovery-code.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
        >
          {say('recoveryCode.download')}
        </a>
      </p>
      <p class="hint">{say('recoveryCode.advice')}</p>
    </>
  )
}
