const drawings = {
  person:
    'M8 7.500a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400ZM2.800 14c.5-2.700 2.600-4.200 5.200-4.200s4.700 1.500 5.200 4.200',
  info: 'M8 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM8 7.400v3.800M8 4.900v.1',
  warning: 'M8 2 1.500 13.500h13L8 2ZM8 6.600v3.200M8 11.600v.1',
  bad: 'M5.300 1.500h5.400l3.800 3.800v5.400l-3.800 3.800H5.300l-3.800-3.800V5.300l3.800-3.800ZM8 4.700v3.900M8 11.200v.1',
  good: 'M8 14.500a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM5.200 8.200l2 2 3.700-4.100',
  mail: 'M1.800 3.500h12.400v9H1.800zM2 4l6 4.800L14 4',
  phone: 'M4.500 1.500h7v13h-7zM7.200 12.300h1.600',
} as const

export type IconName = keyof typeof drawings

/** Drawn beside words that say the same, so it is hidden from those who hear the page. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg
    class="icon"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={drawings[name]} />
  </svg>
)
