/** Whom the demo's pack tells apart. */
export const STAFF = { targetingKey: "u-1", groups: ["staff"], opted_in: false };
export const OPTED_IN = { targetingKey: "u-2", groups: [], opted_in: true };
export const ANYONE = { targetingKey: "u-3", groups: [], opted_in: false };
export const OPTED_OUT = { targetingKey: "u-4", groups: ["opted-out"], opted_in: false };
