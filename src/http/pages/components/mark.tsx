/** Two signatures that meet around one answer: sign, and countersign. The same drawing is assets/mark.svg. */
export const Mark = () => (
  <svg
    viewBox="0 0 28 28"
    fill="none"
    stroke="currentColor"
    stroke-width="2.4"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d="M17 4H8.500A4.500 4.500 0 0 0 4 8.500V17" />
    <path d="M11 24h8.500A4.500 4.500 0 0 0 24 19.500V11" />
    <path d="m9.500 14.500 3.200 3.200L20 9.800" />
  </svg>
)
