/** What the address of Review says for the drafts that expired undecided; no draft has such an id. */
export const EXPIRED = "expired";
export const EXPIRED_AT = `#/review/${EXPIRED}`;
