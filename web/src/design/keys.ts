// What the keys of this machine are called.

const APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The key of commands. */
export const MOD = APPLE ? "⌘" : "Ctrl";
export const ALT = APPLE ? "⌥" : "Alt";
