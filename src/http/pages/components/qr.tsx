import { encodeQR } from 'qr'

/**
 * A QR code (ISO/IEC 18004), drawn here: what it holds goes to nobody else. Dark on light in every scheme, as
 * cameras want it; on a screen nothing gets lost, so it needs little correction and can be coarse.
 */
export function Qr({ text, label }: { text: string; label: string }) {
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 4 })
  const dark = rows.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark && !row[x - 1] ? [`M${x} ${y}h${lengthOf(row, x)}v1H${x}z`] : [])),
  )
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label}>
      <path fill="#fff" d={`M0 0h${rows.length}v${rows.length}H0z`} />
      <path fill="#000" shape-rendering="crispEdges" d={dark.join('')} />
    </svg>
  )
}

/** How many dark squares follow each other from here. */
function lengthOf(row: readonly boolean[], from: number): number {
  let to = from
  while (row[to]) to += 1
  return to - from
}
